//! The registers. ESP32-S3 TRM chapter 32 has few of them; ESP-IDF `soc/usb_struct.h` and `soc/usb_dwc_struct.h` have all.

use engine_core::registers::{Group, Registers};

engine_core::registers! {
    /// The core's global registers, those of host mode and those of device mode.
    pub Reg;
    GOTGCTL 0x000 = 0x0000_0000 {
        CURMOD 21 ro; OTGVER 20 todo "HNP, SRP and host mode are not modelled"; BSESVLD 19 ro; ASESVLD 18 ro;
        DBNCTIME 17 ro; CONIDSTS 16 ro; DBNCEFLTRBYPASS 15 rw; EHEN 12 todo "HNP, SRP and host mode are not modelled";
        DEVHNPEN 11 todo "HNP, SRP and host mode are not modelled";
        HSTSETHNPEN 10 todo "HNP, SRP and host mode are not modelled";
        HNPREQ 9 todo "HNP, SRP and host mode are not modelled"; HSTNEGSCS 8 ro; BVALIDOVVAL 7 rw; BVALIDOVEN 6 rw;
        AVALIDOVVAL 5 rw; AVALIDOVEN 4 rw; VBVALIDOVVAL 3 rw; VBVALIDOVEN 2 rw;
        SESREQ 1 todo "HNP, SRP and host mode are not modelled"; SESREQSCS 0 ro;
    }
    GOTGINT 0x004 = 0x0000_0000 {
        DBNCEDONE 19 w1c; ADEVTOUTCHG 18 w1c; HSTNEGDET 17 w1c; HSTNEGSUCSTSCHNG 9 w1c; SESREQSUCSTSCHNG 8 w1c;
        SESENDDET 2 w1c;
    }
    GAHBCFG 0x008 = 0x0000_0000 {
        INVDESCENDIANESS 24 todo "descriptor DMA is not modelled"; AHBSINGLE 23 rw; NOTIALLDMAWRIT 22 rw;
        REMMEMSUPP 21 rw; PTXFEMPLVL 8 rw; NPTXFEMPLVL 7 rw; DMAEN 5 rw; HBSTLEN 4:1 rw; GLBLLNTRMSK 0 rw;
    }
    GUSBCFG 0x00C = 0x0000_1440 {
        CORRUPTTXPKT 31 todo "test of the link"; FORCEDEVMODE 30 rw;
        FORCEHSTMODE 29 todo "HNP, SRP and host mode are not modelled"; TXENDDELAY 28 rw; TERMSELDLPULSE 22 rw;
        USBTRDTIM 13:10 rw; HNPCAP 9 rw; SRPCAP 8 rw; PHYSEL 6 ro; FSINTF 5 rw; ULPI_UTMI_SEL 4 ro; PHYIF 3 rw;
        TOUTCAL 2:0 rw;
    }
    GRSTCTL 0x010 = 0x0000_0000 {
        AHBIDLE 31 ro; DMAREQ 30 ro; TXFNUM 10:6 rw; TXFFLSH 5 wo; RXFFLSH 4 wo;
        FRMCNTRRST 2 todo "HNP, SRP and host mode are not modelled"; PIUFSSFTRST 1 wo; CSFTRST 0 wo;
    }
    GINTSTS 0x014 = 0x0000_0000 {
        WKUPINT 31 w1c; SESSREQINT 30 w1c; DISCONNINT 29 w1c; CONIDSTSCHNG 28 w1c; PTXFEMP 26 ro; HCHLNT 25 ro;
        PRTLNT 24 ro; RESETDET 23 w1c; FETSUSP 22 w1c; INCOMPIP 21 w1c; INCOMPISOIN 20 w1c; OEPINT 19 ro;
        IEPINT 18 ro; EPMIS 17 w1c; EOPF 15 w1c; ISOOUTDROP 14 w1c; ENUMDONE 13 w1c; USBRST 12 w1c; USBSUSP 11 w1c;
        ERLYSUSP 10 w1c; GOUTNAKEFF 7 ro; GINNAKEFF 6 ro; NPTXFEMP 5 ro; RXFLVI 4 ro; SOF 3 w1c; OTGINT 2 ro;
        MODEMIS 1 w1c; CURMOD_INT 0 ro;
    }
    GINTMSK 0x018 = 0x0000_0000 {
        WKUPINTMSK 31 rw; SESSREQINTMSK 30 rw; DISCONNINTMSK 29 rw;
        CONIDSTSCHNGMSK 28 rw; PTXFEMPMSK 26 todo "HNP, SRP and host mode are not modelled";
        HCHINTMSK 25 todo "HNP, SRP and host mode are not modelled";
        PRTLNTMSK 24 todo "HNP, SRP and host mode are not modelled";
        RESETDETMSK 23 rw;
        FETSUSPMSK 22 todo "hibernation and fetching are not modelled"; INCOMPIPMSK 21 rw; INCOMPISOINMSK 20 rw;
        OEPINTMSK 19 rw; IEPINTMSK 18 rw; EPMISMSK 17 rw; EOPFMSK 15 todo "the end of periodic frames is not told";
        ISOOUTDROPMSK 14 rw; ENUMDONEMSK 13 rw; USBRSTMSK 12 rw; USBSUSPMSK 11 rw; ERLYSUSPMSK 10 rw;
        GOUTNACKEFFMSK 7 rw; GINNAKEFFMSK 6 rw; NPTXFEMPMSK 5 todo "HNP, SRP and host mode are not modelled";
        RXFLVIMSK 4 rw; SOFMSK 3 rw; OTGINTMSK 2 rw; MODEMISMSK 1 rw;
    }
    GRXSTSR 0x01C = 0x0000_0000 { G_FN 24:21 ro; G_PKTSTS 20:17 ro; G_DPID 16:15 ro; G_BCNT 14:4 ro; G_CHNUM 3:0 ro; }
    GRXSTSP 0x020 = 0x0000_0000 { FN 24:21 ro; PKTSTS 20:17 ro; DPID 16:15 ro; BCNT 14:4 ro; CHNUM 3:0 ro; }
    GRXFSIZ 0x024 = 0x0000_0100 { RXFDEP 15:0 rw; }
    GNPTXFSIZ 0x028 = 0x0100_0100 { NPTXFDEP 31:16 rw; NPTXFSTADDR 15:0 rw; }
    GNPTXSTS 0x02C = 0x0004_0100 { NPTXQTOP 30:24 ro; NPTXQSPCAVAIL 19:16 ro; NPTXFSPCAVAIL 15:0 ro; }
    GSNPSID 0x040 = 0x4F54_400A { SYNOPSYSID 31:0 ro; }
    GHWCFG1 0x044 = 0x0000_0000 { EPDIR 31:0 ro; }
    GHWCFG2 0x048 = 0x224D_D930 {
        OTG_ENABLE_IC_USB 31 ro; TKNQDEPTH 30:26 ro; PTXQDEPTH 25:24 ro; NPTXQDEPTH 23:22 ro; MULTIPROCINTRPT 20 ro;
        DYNFIFOSIZING 19 ro; PERIOSUPPORT 18 ro; NUMHSTCHNL 17:14 ro; NUMDEVEPS 13:10 ro; FSPHYTYPE 9:8 ro;
        HSPHYTYPE 7:6 ro; SINGPNT 5 ro; OTGARCH 4:3 ro; OTGMODE 2:0 ro;
    }
    GHWCFG3 0x04C = 0x0100_04B5 {
        DFIFODEPTH 31:16 ro; LPMMODE 15 ro; BCSUPPORT 14 ro; HSICMODE 13 ro; ADPSUPPORT 12 ro; RSTTYPE 11 ro;
        OPTFEATURE 10 ro; VNDCTLSUPT 9 ro; I2CINTSEL 8 ro; OTGEN 7 ro; PKTSIZEWIDTH 6:4 ro; XFERSIZEWIDTH 3:0 ro;
    }
    GHWCFG4 0x050 = 0xD3F0_A030 {
        G_DESCDMA 31 ro; G_DESCDMAENABLED 30 ro; G_INEPS 29:26 ro; G_DEDFIFOMODE 25 ro; G_SESSENDFLTR 24 ro;
        G_BVALIDFLTR 23 ro; G_AVALIDFLTR 22 ro; G_VBUSVALIDFLTR 21 ro; G_IDDQFLTR 20 ro; G_NUMCTLEPS 19:16 ro;
        G_PHYDATAWIDTH 15:14 ro; G_ENHANCEDLPMSUPT 13 ro; G_ACGSUPT 12 ro; G_EXTENDEDHIBERNATION 7 ro;
        G_HIBERNATION 6 ro; G_AHBFREQ 5 ro; G_PARTIALPWRDN 4 ro; G_NUMDEVPERIOEPS 3:0 ro;
    }
    GDFIFOCFG 0x05C = 0x0000_0000 { EPINFOBASEADDR 31:16 rw; GDFIFOCFG 15:0 rw; }
    HPTXFSIZ 0x100 = 0x1000_0200 {
        PTXFSIZE 31:16 todo "host mode is not modelled"; PTXFSTADDR 15:0 todo "host mode is not modelled";
    }
    DIEPTXF1 0x104 = 0x1000_0200 { INEP1TXFDEP 31:16 rw; INEP1TXFSTADDR 15:0 rw; }
    DIEPTXF2 0x108 = 0x1000_0200 { INEP2TXFDEP 31:16 rw; INEP2TXFSTADDR 15:0 rw; }
    DIEPTXF3 0x10C = 0x1000_0200 { INEP3TXFDEP 31:16 rw; INEP3TXFSTADDR 15:0 rw; }
    DIEPTXF4 0x110 = 0x1000_0200 { INEP4TXFDEP 31:16 rw; INEP4TXFSTADDR 15:0 rw; }
    HCFG 0x400 = 0x0000_0000 {
        H_MODECHTIMEN 31 todo "host mode is not modelled"; H_PERSCHEDENA 26 todo "host mode is not modelled";
        H_FRLISTEN 25:24 todo "host mode is not modelled"; H_DESCDMA 23 todo "host mode is not modelled";
        H_ENA32KHZS 7 todo "host mode is not modelled"; H_FSLSSUPP 2 todo "host mode is not modelled";
        H_FSLSPCLKSEL 1:0 todo "host mode is not modelled";
    }
    HFIR 0x404 = 0x0000_17D7 {
        HFIRRLDCTRL 16 todo "host mode is not modelled"; FRINT 15:0 todo "host mode is not modelled";
    }
    HFNUM 0x408 = 0x0000_3FFF { FRREM 31:16 ro; FRNUM 13:0 ro; }
    HPTXSTS 0x410 = 0x0008_0100 { PTXQTOP 31:24 ro; PTXQSPCAVAIL 20:16 ro; PTXFSPCAVAIL 15:0 ro; }
    HAINT 0x414 = 0x0000_0000 { HAINT 7:0 ro; }
    HAINTMSK 0x418 = 0x0000_0000 { HAINTMSK 7:0 todo "host mode is not modelled"; }
    HFLBADDR 0x41C = 0x0000_0000 { HFLBADDR 31:0 todo "host mode is not modelled"; }
    HPRT 0x440 = 0x0000_0000 {
        PRTSPD 18:17 ro; PRTTSTCTL 16:13 todo "host mode is not modelled"; PRTPWR 12 todo "host mode is not modelled";
        PRTLNSTS 11:10 ro; PRTRST 8 todo "host mode is not modelled"; PRTSUSP 7 todo "host mode is not modelled";
        PRTRES 6 todo "host mode is not modelled"; PRTOVRCURRCHNG 5 todo "host mode is not modelled";
        PRTOVRCURRACT 4 ro; PRTENCHNG 3 todo "host mode is not modelled"; PRTENA 2 todo "host mode is not modelled";
        PRTCONNDET 1 todo "host mode is not modelled"; PRTCONNSTS 0 ro;
    }
    DCFG 0x800 = 0x0810_0000 {
        RESVALID 31:26 rw; PERSCHINTVL 25:24 rw; DESCDMA 23 todo "descriptor DMA is not modelled"; EPMISCNT 22:18 rw;
        ERRATICINTMSK 15 rw; XCVRDLY 14 rw; ENDEVOUTNAK 13 rw; PERFRLINT 12:11 rw; DEVADDR 10:4 rw; ENA32KHZSUSP 3 rw;
        NZSTSOUTHSHK 2 rw;
    }
    DCTL 0x804 = 0x0000_2000 {
        DEEPSLEEPBESLREJECT 18 todo "babble and LPM are not modelled"; ENCOUNTONBNA 17 rw;
        NAKONBBLE 16 todo "babble and LPM are not modelled"; IGNRFRMNUM 15 rw; GMC 14:13 rw; PWRONPRGDONE 11 rw;
        CGOUTNAK 10 wo; SGOUTNAK 9 wo; CGNPINNAK 8 wo; SGNPINNAK 7 wo; TSTCTL 6:4 todo "test modes are not modelled";
        GOUTNAKSTS 3 ro; GNPINNAKSTS 2 ro; SFTDISCON 1 rw; RMTWKUPSIG 0 rw;
    }
    DSTS 0x808 = 0x0000_0002 { DEVLNSTS 23:22 ro; SOFFN 21:8 ro; ERRTICERR 3 ro; ENUMSPD 2:1 ro; SUSPSTS 0 ro; }
    DIEPMSK 0x810 = 0x0000_0000 {
        DI_NAKMSK 13 todo "tokens that are answered by NAK are not sent"; BNAININTRMSK 9 rw; TXFIFOUNDRNMSK 8 rw;
        INEPNAKEFFMSK 6 rw; INTKNEPMISMSK 5 todo "tokens that are answered by NAK are not sent";
        INTKNTXFEMPMSK 4 todo "tokens that are answered by NAK are not sent"; TIMEOUTMSK 3 rw; DI_AHBERMSK 2 rw;
        DI_EPDISBLDMSK 1 rw; DI_XFERCOMPLMSK 0 rw;
    }
    DOEPMSK 0x814 = 0x0000_0000 {
        NYETMSK 14 todo "tokens that are answered by NAK are not sent";
        NAKMSK 13 todo "tokens that are answered by NAK are not sent"; BBLEERRMSK 12 rw; BNAOUTINTRMSK 9 rw;
        OUTPKTERRMSK 8 rw; BACK2BACKSETUP 6 rw; STSPHSERCVDMSK 5 rw;
        OUTTKNEPDISMSK 4 todo "tokens that are answered by NAK are not sent"; SETUPMSK 3 rw; AHBERMSK 2 rw;
        EPDISBLDMSK 1 rw; XFERCOMPLMSK 0 rw;
    }
    DAINT 0x818 = 0x0000_0000 {
        OUTEPINT6 22 ro; OUTEPINT5 21 ro; OUTEPINT4 20 ro; OUTEPINT3 19 ro; OUTEPINT2 18 ro; OUTEPINT1 17 ro;
        OUTEPINT0 16 ro; INEPINT6 6 ro; INEPINT5 5 ro; INEPINT4 4 ro; INEPINT3 3 ro; INEPINT2 2 ro; INEPINT1 1 ro;
        INEPINT0 0 ro;
    }
    DAINTMSK 0x81C = 0x0000_0000 {
        OUTEPMSK6 22 rw; OUTEPMSK5 21 rw; OUTEPMSK4 20 rw; OUTEPMSK3 19 rw; OUTEPMSK2 18 rw; OUTEPMSK1 17 rw;
        OUTEPMSK0 16 rw; INEPMSK6 6 rw; INEPMSK5 5 rw; INEPMSK4 4 rw; INEPMSK3 3 rw; INEPMSK2 2 rw; INEPMSK1 1 rw;
        INEPMSK0 0 rw;
    }
    DVBUSDIS 0x828 = 0x0000_17D7 { DVBUSDIS 15:0 rw; }
    DVBUSPULSE 0x82C = 0x0000_05B8 { DVBUSPULSE 11:0 rw; }
    DTHRCTL 0x830 = 0x0802_0020 {
        ARBPRKEN 27 rw; RXTHRLEN 25:17 rw; RXTHREN 16 todo "packets do not wait for thresholds"; AHBTHRRATIO 12:11 rw;
        TXTHRLEN 10:2 rw; ISOTHREN 1 todo "packets do not wait for thresholds";
        NONISOTHREN 0 todo "packets do not wait for thresholds";
    }
    DIEPEMPMSK 0x834 = 0x0000_0000 { D_INEPTXFEMPMSK 15:0 rw; }
    PCGCCTL 0xE00 = 0x0000_0000 {
        RESETAFTERSUSP 8 rw; L1SUSPENDED 7 ro; PHYSLEEP 6 ro; RSTPDWNMODULE 3 rw; PWRCLMP 2 rw; GATEHCLK 1 rw;
        STOPPCLK 0 rw;
    }
}

engine_core::registers! {
    /// An IN endpoint. Endpoint 0 has narrower XFERSIZE, PKTCNT and MPS.
    pub In;
    DIEPCTL 0x00 = 0x0000_8000 {
        EPENA 31 rw; EPDIS 30 rw; SETD1PID 29 wo; SETD0PID 28 wo; SNAK 27 wo; CNAK 26 wo; TXFNUM 25:22 rw; STALL 21 rw;
        EPTYPE 19:18 rw; NAKSTS 17 ro; DPID 16 ro; USBACTEP 15 rw; MPS 10:0 rw;
    }
    DIEPINT 0x08 = 0x0000_0000 {
        NYETINTRPT 14 w1c; NAKINTRPT 13 w1c; BBLEERR 12 w1c; PKTDRPSTS 11 w1c; BNAINTR 9 w1c; TXFIFOUNDRN 8 w1c;
        TXFEMP 7 ro; INEPNAKEFF 6 w1c; INTKNEPMIS 5 w1c; INTKNTXFEMP 4 w1c; TIMEOUT 3 w1c; AHBERR 2 w1c;
        EPDISBLD 1 w1c; XFERCOMPL 0 w1c;
    }
    DIEPTSIZ 0x10 = 0x0000_0000 { PKTCNT 28:19 rw; XFERSIZE 18:0 rw; }
    DIEPDMA 0x14 = 0x0000_0000 { DMAADDR 31:0 rw; }
    DTXFSTS 0x18 = 0x0000_0000 { INEPTXFSPCAVAIL 15:0 ro; }
    DIEPDMAB 0x1C = 0x0000_0000 { DMABUFFERADDR 31:0 ro; }
}

engine_core::registers! {
    /// An OUT endpoint.
    pub Out;
    DOEPCTL 0x00 = 0x0000_8000 {
        EPENA 31 rw; EPDIS 30 rw; SETD1PID 29 wo; SETD0PID 28 wo; SNAK 27 wo; CNAK 26 wo; STALL 21 rw; SNP 20 rw;
        EPTYPE 19:18 rw; NAKSTS 17 ro; DPID 16 ro; USBACTEP 15 rw; MPS 10:0 rw;
    }
    DOEPINT 0x08 = 0x0000_0000 {
        STUPPKTRCVD 15 w1c; NYEPINTRPT 14 w1c; NAKINTRPT 13 w1c; BBLEERR 12 w1c; PKTDRPSTS 11 w1c; BNAINTR 9 w1c;
        OUTPKTERR 8 w1c; BACK2BACKSETUP 6 w1c; STSPHSERCVD 5 w1c; OUTTKNEPDIS 4 w1c; SETUP 3 w1c; AHBERR 2 w1c;
        EPDISBLD 1 w1c; XFERCOMPL 0 w1c;
    }
    DOEPTSIZ 0x10 = 0x0000_0000 { SUPCNT 30:29 rw; PKTCNT 28:19 rw; XFERSIZE 18:0 rw; }
    DOEPDMA 0x14 = 0x0000_0000 { DMAADDR 31:0 rw; }
    DOEPDMAB 0x1C = 0x0000_0000 { DMABUFFERADDR 31:0 ro; }
}

engine_core::registers! {
    /// A channel of host mode, which is not modelled.
    pub Channel;
    HCCHAR 0x00 = 0x0000_0000 { ALL 31:0 todo "host mode is not modelled"; }
    HCINT 0x08 = 0x0000_0000 { ALL 31:0 todo "host mode is not modelled"; }
    HCINTMSK 0x0C = 0x0000_0000 { ALL 31:0 todo "host mode is not modelled"; }
    HCTSIZ 0x10 = 0x0000_0000 { ALL 31:0 todo "host mode is not modelled"; }
    HCDMA 0x14 = 0x0000_0000 { ALL 31:0 todo "host mode is not modelled"; }
    HCDMAB 0x1C = 0x0000_0000 { ALL 31:0 todo "host mode is not modelled"; }
}

/// Endpoints 0 to 6.
pub const ENDPOINTS: usize = 7;
/// Channels of host mode.
pub const CHANNELS: usize = 8;
/// From one endpoint or channel to the next.
pub const STEP: u32 = 0x20;
/// Channel 0, IN endpoint 0 and OUT endpoint 0.
pub const CHANNEL: u32 = 0x500;
/// IN endpoint 0.
pub const IN: u32 = 0x900;
/// OUT endpoint 0.
pub const OUT: u32 = 0xB00;
/// The FIFO of endpoint 0; one page for each endpoint.
pub const FIFO: u32 = 0x1000;

pub const GROUPS: &[Group] = &[
    Group::one("USB0", Reg::TABLE),
    Group { block: "USB0", prefix: "{}", base: CHANNEL, count: CHANNELS as u32, step: STEP, table: Channel::TABLE },
    Group { block: "USB0", prefix: "{}", base: IN, count: ENDPOINTS as u32, step: STEP, table: In::TABLE },
    Group { block: "USB0", prefix: "{}", base: OUT, count: ENDPOINTS as u32, step: STEP, table: Out::TABLE },
];
