# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantities as people read them: three digits and a unit."""

from .figures import Spread


def seconds(value: float | None) -> str:
    """Three digits and a fitting unit."""
    if value is None:
        return "-"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= 0.9995 * size:
            return f"{digits(value / size)} {unit}"
    return f"{digits(value / 1e-9)} ns" if value > 0 else "0"


def digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def spread(value: Spread | None) -> str:
    """12.3 ms (12.0 to 13.1)."""
    if not value:
        return "-"
    text = seconds(value.median)
    if value.count == 1:
        return text
    # A unit is said again only if it is another.
    unit = text.split()[-1]
    low, high = (seconds(x).removesuffix(" " + unit) for x in (value.least, value.most))
    return f"{text} ({low} to {high})"


def count(value: float | None) -> str:
    """12345678 as 12.3 M."""
    if value is None:
        return "-"
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= 0.9995 * size:
            return f"{digits(value / size)} {unit}"
    return f"{value:.0f}"


def times(value: float | None) -> str:
    return "-" if value is None else f"{digits(value)}×"


def percent(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.0f} %" if value >= 0.1 else f"{100 * value:.2g} %"
