*** Settings ***
Documentation     A bare Pico: the LED on GPIO25, which is moved from outside here.
Library           twins.robot_library
Test Setup        A Pico
Test Teardown     Reset Emulation

*** Keywords ***
A Pico
    Create Twin                 pico    ${CURDIR}/../firmware/images/idle.uf2
    Create Terminal Tester      uart0    timeout=1
    Create Led Tester           sysbus.gpio.led
    Start Emulation
    Wait For Line On Uart       idle

*** Test Cases ***
The Led Follows Its Pin
    Assert Led State            false
    Set Pin                     GPIO25    high
    Assert And Hold Led State   true    timeoutAssert=0.01    timeoutHold=0.1
    Assert Led Duty Cycle       testDuration=0.1    expectedDutyCycle=1.0
    Set Pin                     GPIO25    low
    Assert Led State            false    timeout=0.01
    Run Keyword And Expect Error    led is not blinking*    Assert Led Is Blinking    0.1    0.01    0.01

Nothing More Is Printed
    Test If Uart Is Idle        0.5
    Run Keyword And Expect Error    did not see 'more' on uart0*    Wait For Line On Uart    more    timeout=0.1
