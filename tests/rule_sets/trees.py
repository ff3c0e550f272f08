"""Folder trees as programs write them: names and headers of each, a few frames of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.testing.fits import pack_header

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NINA = {"SWCREATE": "N.I.N.A. 3.1 (x64)", "IMAGETYP": "LIGHT"}
SIRIL = {"PROGRAM": "Siril 1.2.6", "IMAGETYP": "Light Frame"}


def fits(**keywords: str) -> bytes:
    """A FITS file that says this of itself."""
    return pack_header({"SIMPLE": True, "BITPIX": 16, "NAXIS": 0, **keywords}) + b"\0" * 2880


def xisf(creator: str) -> bytes:
    """An XISF file that says what created it; what the frame was taken with stays in its keywords."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><xisf version="1.0"><Image geometry="8:8:1">'
        '<FITSKeyword name="SWCREATE" value="\'N.I.N.A. 3.1 (x64)\'" comment=""/>'
        '<FITSKeyword name="IMAGETYP" value="\'LIGHT\'" comment=""/></Image><Metadata>'
        f'<Property id="XISF:CreatorApplication" type="String">{creator}</Property></Metadata></xisf>'
    ).encode()
    return b"XISF0100" + len(text).to_bytes(4, "little") + bytes(4) + text


_NINA, _SIRIL, _PI, _NX = fits(**NINA), fits(**SIRIL), xisf("PixInsight 1.8.9-2"), xisf("N.I.N.A. 3.1")
_SGP = fits(CREATOR="Sequence Generator Pro v3.2", IMAGETYP="LIGHT")
_AIR = fits(CREATOR="ZWO ASIAIR Plus", IMAGETYP="Light")
_EKOS = fits(INSTRUME="ZWO CCD ASI1600MM Pro", FRAME="Light")

TREES: Mapping[str, Mapping[str, bytes]] = {
    "nina": {
        "2024-10-05/LIGHT/2024-10-05_22-31-07_Blue_-10.00_180.00s_0001.fits": _NINA,
        "2024-10-05/LIGHT/2024-10-05_22-34-20_Blue_-10.00_180.00s_0002.xisf": _NX,
        "2024-10-05/SNAPSHOT/2024-10-05_21-58-11__-10.00_5.00s_0000.fits": _NINA,
        "2024-10-05/FLAT/2024-10-05_19-02-44_Blue_-10.00_2.10s_0000.fits": _NINA,
        "2024-10-05/DARKFLAT/2024-10-06_08-02-44__-10.00_2.10s_0000.fits": _NINA,
        "2024-10-05/DARK/2024-10-06_08-12-44__-10.00_180.00s_0000.fits": _NINA,
        "2024-10-05/BIAS/2024-10-06_09-12-44__-10.00_0.00s_0000.fits": _NINA,
        "2024-10-05/AcquisitionDetails.csv": b"a,b\n",
        "2024-10-05/PHD2_GuideLog_2024-10-05_212233.txt": b"PHD2\n",
    },
    "sgp": {
        "M33/Light/Blue/M33_Light_Blue_180sec__1x1_frame1.fit": _SGP,
        "M33/Light/Red/M33_Light_Red_180sec_-15C_1x1_frame11.fit": _SGP,
        "M33/Bias/M33_Bias__0sec__1x1_frame1.fit": _SGP,
        "M33/Dark/M33_Dark__180sec__1x1_frame1.fit": _SGP,
        "M33/Flat/M33_Flat_Blue_2sec__1x1_frame1.fit": _SGP,
    },
    "asiair": {
        "Autorun/Light/M31/Light_M31_180.0s_Bin1_2600MC_gain100_20221001-231501_-10.0C_0001.fit": _AIR,
        "Autorun/Light/M31/Light_M31_180.0s_Bin1_2600MC_gain100_20221001-231501_-10.0C_0001_thn.jpg": b"jpg",
        "Plan/Light/M33/Light_M33_180.0s_Bin1_gain100_20221002-231501_-10.0C_0001.fit": _AIR,
        "Live/Light/M42/Light_M42_10.0s_Bin1_gain100_20221002-231501_-10.0C_0001.fit": _AIR,
        "Autorun/Flat/Flat_1.0s_Bin1_gain100_20221002-061501_-10.0C_0001.fit": _AIR,
        "Autorun/Dark/Dark_180.0s_Bin1_gain100_20221002-071501_-10.0C_0001.fit": _AIR,
        "Autorun/Bias/Bias_1.0ms_Bin1_gain100_20221002-081501_-10.0C_0001.fit": _AIR,
    },
    "ekos": {
        "M_47/Light/LPR/M_47_Light_LPR_30_secs_2020-03-01T21-02-03_001.fits": _EKOS,
        "M_47/Flat/LPR/M_47_Flat_LPR_1_secs_2020-03-01T19-02-03_001.fits": _EKOS,
        "M_47/DarkFlat/M_47_DarkFlat_1_secs_2020-03-01T19-12-03_001.fits": _EKOS,
        "M_47/Dark/M_47_Dark_30_secs_2020-03-02T05-12-03_001.fits": _EKOS,
        "M_47/Bias/M_47_Bias_0_secs_2020-03-02T05-22-03_001.fits": _EKOS,
    },
    "siril": {
        "M31/lights/Light_M31_180.0s_Bin1_gain100_20221001-231501_-10.0C_0001.fit": _AIR,
        "M31/lights/IMG_2001.CR2": b"II*\0",
        "M31/flats/Flat_0001.fit": _AIR,
        "M31/darks/Dark_0001.fit": _AIR,
        "M31/biases/Bias_0001.fit": _AIR,
        "M31/process/light_00001.fit": _SIRIL,
        "M31/process/bias_00001.fit": _SIRIL,
        "M31/process/pp_light_00001.fit": _SIRIL,
        "M31/process/r_pp_light_00001.fit": _SIRIL,
        "M31/process/r_pp_light.fits.fz": _SIRIL,
        "M31/process/light_00002.fit": _AIR,
        "M31/process/light_.seq": b"#Siril sequence file\n",
        "M31/process/light_conversion.txt": b"a -> b\n",
        "M31/process/bias_stacked.fit": _SIRIL,
        "M31/process/pp_flat_stacked.fit": _SIRIL,
        "M31/result_3600s.fit": _SIRIL,
        "M31/masters/DARK_120s_G120_O30_T-10C_bin1.fit": _SIRIL,
    },
    "wbpp": {
        "WBPP/lights/M31_2024-10-05_Blue_180.00s_0001.xisf": _NX,
        "WBPP/lights/M51_180s_r.xisf": _NX,
        "WBPP/calibrated/Light_BIN-1_EXPOSURE-180.00s_FILTER-Blue/M31_Blue_0001_c.xisf": _PI,
        "WBPP/calibrated/Light_BIN-1_EXPOSURE-180.00s_FILTER-Blue/M31_Blue_0001_c_cc.xisf": _PI,
        "WBPP/calibrated/M31_0009_c.xisf": _NX,
        "WBPP/debayered/M31_0001_c_d.xisf": _PI,
        "WBPP/registered/Light_BIN-1_FILTER-Blue/M31_Blue_0001_c_cc_r.xisf": _PI,
        "WBPP/registered/Light_BIN-1_FILTER-Blue/M31_Blue_0001_c_cc_r.xdrz": b"<xdrz/>",
        "WBPP/registered/Light_BIN-1_FILTER-Blue/M31_Blue_0001_c_cc_r.xnml": b"<xnml/>",
        "WBPP/registered/M51_180s_r.xisf": _NX,
        "WBPP/master/masterLight_BIN-1_FILTER-Blue.xisf": _PI,
        "WBPP/master/masterFlat_BIN-1_FILTER-Blue.xisf": _PI,
        "WBPP/logs/20241006.log": b"log\n",
    },
}
ZIPPED: Mapping[str, set[str]] = {
    "nina": {f"2024-10-05/{kind}.zip" for kind in ("BIAS", "DARK", "DARKFLAT", "FLAT")},
    "sgp": {f"M33/{kind}.zip" for kind in ("Bias", "Dark", "Flat")},
    "asiair": {f"Autorun/{kind}.zip" for kind in ("Bias", "Dark", "Flat")},
    "ekos": {f"M_47/{kind}.zip" for kind in ("Bias", "Dark", "DarkFlat", "Flat")},
    "siril": {f"M31/{kind}.zip" for kind in ("biases", "darks", "flats")},
    "wbpp": set(),
}
LEFT_OUT: Mapping[str, set[str]] = {
    **{name: set() for name in ("nina", "sgp", "asiair", "ekos")},
    "siril": {
        "M31/process/light_00001.fit",
        "M31/process/bias_00001.fit",
        "M31/process/pp_light_00001.fit",
        "M31/process/r_pp_light_00001.fit",
        "M31/process/light_.seq",
        "M31/process/light_conversion.txt",
    },
    "wbpp": {
        "WBPP/calibrated/Light_BIN-1_EXPOSURE-180.00s_FILTER-Blue/M31_Blue_0001_c.xisf",
        "WBPP/calibrated/Light_BIN-1_EXPOSURE-180.00s_FILTER-Blue/M31_Blue_0001_c_cc.xisf",
        "WBPP/debayered/M31_0001_c_d.xisf",
        "WBPP/registered/Light_BIN-1_FILTER-Blue/M31_Blue_0001_c_cc_r.xisf",
        "WBPP/registered/Light_BIN-1_FILTER-Blue/M31_Blue_0001_c_cc_r.xdrz",
        "WBPP/registered/Light_BIN-1_FILTER-Blue/M31_Blue_0001_c_cc_r.xnml",
    },
}


def write(top: Path, files: Mapping[str, bytes]) -> None:
    """Put the files there."""
    for name, data in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
