*** Settings ***
Documentation     The media controller (RP2040): its console, its picture, its knob.
Library           twins.robot_library
Suite Teardown    Reset Emulation

*** Variables ***
${IMAGE}          ${CURDIR}/../firmware/images/media_controller.uf2
${GOLDEN}         ${CURDIR}/../tests/__snapshots__/test_media_controller

*** Test Cases ***
Boots To Its Picture
    Create Twin                 media_controller    ${IMAGE}
    Create Terminal Tester      sysbus.uart0    timeout=2
    Start Emulation
    ${ready}=                   Wait For Line On Uart    ready
    Should Be True              ${ready.timestamp} < 1000
    Run For                     300ms
    Frame Should Be             lcd    ${GOLDEN}/test_the_first_picture[ready].png
    Provides                    booted

The Knob Turns The Volume
    Requires                    booted
    Turn Knob                   knob    3
    ${volume}=                  Wait For Line On Uart    volume (\\d+)    treatAsRegex=true    timeout=1
    Should Be Equal             ${volume.groups[0]}    41
    Wait For Line On Uart       volume 43
    Run For                     100ms
    Frame Should Be             lcd    ${GOLDEN}/test_turning_right_makes_it_louder[volume_43].png

The Picture Follows Within A Tenth Of A Second
    Requires                    booted
    Turn Knob                   knob    -1
    ${seconds}=                 Wait For Frame Change    lcd    timeout=0.1
    Should Be True              ${seconds} <= 0.1

The Key Starts The Music
    Requires                    booted
    Should Not Be On Uart       play    timeout=0.2
    Press Button                knob    120ms
    Wait For Line On Uart       play    timeout=1

The Same Inputs Give The Same Hash
    Requires                    booted
    Turn Knob                   knob    2
    Run For                     200ms
    ${once}=                    Trace Hash
    Requires                    booted
    Turn Knob                   knob    2
    Run For                     200ms
    ${again}=                   Trace Hash
    Should Be Equal             ${once}    ${again}
