*** Settings ***
Documentation     The lamp (ESP32-S3 on an XVF3800): console, LEDs, touch key, sound, sleep.
Library           twins.robot_library
Suite Teardown    Reset Emulation

*** Variables ***
${IMAGE}          ${CURDIR}/../firmware/images/jinny_lamp.bin
${GOLDEN}         ${CURDIR}/golden

*** Keywords ***
Command
    [Arguments]                 ${line}
    Write Line To Uart          ${line}    waitForEcho=false
    Wait For Line On Uart       console: ok    timeout=0.5

*** Test Cases ***
It Comes On
    Create Twin                 jinny_lamp    ${IMAGE}
    Create Terminal Tester      sysbus.usb_jtag    timeout=5
    Start Emulation
    ${reason}=                  Wait For Line On Uart    Jinny Lamp, reset (\\d+)    treatAsRegex=true
    Should Be Equal             ${reason.groups[0]}    1
    ${seconds}=                 Wait For Frame Change    matrix    timeout=5
    # The voice processor holds the supply of the LEDs and takes two seconds to start.
    Should Be True              2 < ${seconds} < 3
    Run For                     1s
    Provides                    on

A Still Picture
    Requires                    on
    Command                     effect 3
    Command                     brightness 128
    Command                     pause 1
    Run For                     200ms
    Frame Should Be             matrix    ${GOLDEN}/lamp_effect_3.png
    ${once}=                    Frame Hash    matrix
    Run For                     1s
    ${again}=                   Frame Hash    matrix
    Should Be Equal             ${once}    ${again}

A Touch Takes The Next Effect
    Requires                    on
    Write Line To Uart          state    waitForEcho=false
    ${before}=                  Wait For Line On Uart    effect (\\d+)    treatAsRegex=true
    Touch Pad                   pad
    Run For                     300ms
    Release Pad                 pad
    Run For                     1s
    Write Line To Uart          state    waitForEcho=false
    ${after}=                   Wait For Line On Uart    effect (\\d+)    treatAsRegex=true
    Should Be Equal As Integers    ${after.groups[0]}    ${${before.groups[0]} + 1}

It Chimes At Its Volume
    Requires                    on
    ${heard}=                   Hear    voice    400ms
    Sound Should Be Silent      ${heard}
    Command                     volume 50
    ${heard}=                   Hear    voice    400ms
    # A quarter of full scale as a sine, and half of that: -18.06 dB.
    Sound Should Be             ${heard}    1000    -18.06    tolerance=0.2

It Hears
    Requires                    on
    Say Tone                    voice    500    8s    azimuth=62    level_db=-30
    Run For                     3s
    ${told}=                    Wait For Line On Uart    asr: level (-\\d+) dB    treatAsRegex=true    timeout=6
    Should Be True              -31 <= ${told.groups[0]} <= -29

It Sleeps After A Long Touch And Wakes From The Next
    Requires                    on
    Touch Pad                   pad
    Run For                     4s
    Release Pad                 pad
    Run For                     1s
    ${dark}=                    Frame Hash    matrix
    Should Not Be On Uart       Jinny Lamp    timeout=30
    ${still}=                   Frame Hash    matrix
    Should Be Equal             ${dark}    ${still}
    Touch Pad                   pad
    ${reason}=                  Wait For Line On Uart    Jinny Lamp, reset (\\d+)    treatAsRegex=true    timeout=1
    # ESP-IDF soc/reset_reasons.h: RESET_REASON_CORE_DEEP_SLEEP.
    Should Be Equal             ${reason.groups[0]}    5
    Run For                     400ms
    Release Pad                 pad
    Wait For Frame Change       matrix    timeout=2
    Provides                    woken

It Speaks And Hears After Deep Sleep
    Requires                    woken
    Run For                     2s
    Command                     volume 100
    ${heard}=                   Hear    voice    400ms
    Sound Should Be             ${heard}    1000    -12.04    tolerance=0.2
    Say Tone                    voice    500    8s    azimuth=62    level_db=-30
    Run For                     3s
    ${told}=                    Wait For Line On Uart    asr: level (-\\d+) dB    treatAsRegex=true    timeout=6
    Should Be True              -31 <= ${told.groups[0]} <= -29
