*** Settings ***
Documentation     An ESP32-S3 development kit with a display, a knob, a key and a lamp.
Library           twins.robot_library
Suite Teardown    Reset Emulation

*** Variables ***
${IMAGE}          ${CURDIR}/../firmware/images/s3_devkit_panel.bin
${BOARD}          ${CURDIR}/boards/devkit_panel.toml
${GOLDEN}         ${CURDIR}/golden

*** Test Cases ***
The Mask ROM Starts The Image
    Create Twin                 ${BOARD}    ${IMAGE}    name=panel
    Create Terminal Tester      sysbus.uart0    timeout=2
    Create Led Tester           lamp    defaultTimeout=0.1
    Start Emulation
    Wait For Line On Uart       rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)
    ${entry}=                   Wait For Line On Uart    ^entry 0x([0-9a-f]{8})$    treatAsRegex=true    matchNextLine=false
    Should Start With           ${entry.groups[0]}    403
    ${ready}=                   Wait For Line On Uart    panel: ready
    Should Be True              ${ready.timestamp} < 1000
    Provides                    ready

It Shows A Bar
    Requires                    ready
    Frame Should Be             lcd    ${GOLDEN}/panel_40.png
    Pixel Should Be             lcd    10    70    \#ff0000
    Pixel Should Be             lcd    130    70    \#414141

The Knob Turns The Value And The Lamp Follows
    Requires                    ready
    Assert Led State            false
    Turn Knob                   knob    20
    ${value}=                   Wait For Line On Uart    value (\\d+)    treatAsRegex=true    timeout=1
    Should Be Equal             ${value.groups[0]}    41
    Wait For Line On Uart       value 51
    Assert Led State            true
    Wait For Line On Uart       value 60
    Run For                     100ms
    Frame Should Be             lcd    ${GOLDEN}/panel_60.png
    Turn Knob                   knob    -10
    Wait For Line On Uart       value 50
    Assert Led State            false

The Picture Follows Within A Tenth Of A Second
    Requires                    ready
    Turn Knob                   knob    -1
    ${seconds}=                 Wait For Frame Change    lcd    timeout=0.2
    Should Be True              ${seconds} <= 0.1

Both Keys Take The Next Colour
    Requires                    ready
    Press Button                boot    120ms
    Wait For Line On Uart       colour 1    timeout=0.2
    Should Not Be On Uart       colour    timeout=0.5
    Pixel Should Be             lcd    10    70    \#00ff00
    Press Button                knob    120ms
    Wait For Line On Uart       colour 2    timeout=0.2
    Run For                     100ms
    Pixel Should Be             lcd    10    70    \#0000ff

A Key That Is Touched For A Moment Does Nothing
    Requires                    ready
    Press Button                boot    10ms
    Should Not Be On Uart       colour    timeout=0.5

A Script Does What A Person Does
    Requires                    ready
    ${seconds}=                 Play Script    ${CURDIR}/scripts/panel.yaml    timeout=10s
    # 45 detents of 20 at 120 rpm, 5 at 30 rpm, and what the firmware takes.
    Should Be True              1.6 < ${seconds} + 0.1 < 2
    Run For                     100ms
    Frame Should Be             lcd    ${GOLDEN}/panel_5.png

A Reset Starts It Again
    Requires                    ready
    Turn Knob                   knob    3
    Wait For Line On Uart       value 43
    Reset Twin
    Wait For Line On Uart       panel: ready
    Frame Should Be             lcd    ${GOLDEN}/panel_40.png
