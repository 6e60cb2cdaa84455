"""A survey for programs: plain values that JSON can hold. Not here: the drawing (``drawing``)."""

from __future__ import annotations

from typing import Any

from shapely import LinearRing

from analysis.floorplan.survey import BlindSpot, FloorView, Place, PlaceView, Survey
from config.rule_pack import Level


def to_json(survey: Survey) -> dict[str, Any]:
    """Lengths in metres, areas in square metres, densities in pixels per metre, shares from 0 to 1."""
    density = survey.density
    return {
        "covers": survey.covers,
        "scale": density.scale,
        "needs": {target: _level(level) for target, level in density.needs.items()},
        "seen_share": density.seen_share,
        "floor_share_needed": density.floor_share,
        "floor_share": round(survey.floor_share, 6),
        "step_m": survey.step_m,
        "floors": [_floor(floor) for floor in survey.floors],
        "places": [_place(place) for place in survey.places],
        "short": [f"{place.volume.target.value} {place.volume.id}" for place in survey.short],
        "no_filming_shown": [
            {"area": each.area, "camera": each.camera, "share": round(each.share, 6)} for each in survey.trespasses
        ],
    }


def _floor(floor: FloorView) -> dict[str, Any]:
    return {
        "height_m": floor.height_m,
        "floor_m2": round(floor.floor_m2, 6),
        "seen_m2": round(floor.seen_m2, 6),
        "seen_twice_m2": round(floor.seen_twice_m2, 6),
        "blind_m2": round(floor.blind_m2, 6),
        "enough_m2": round(floor.enough_m2, 6),
        "median_px_per_m": _rounded(floor.median_px_per_m),
        "blind": [_spot(spot) for spot in floor.blind],
    }


def _spot(spot: BlindSpot) -> dict[str, Any]:
    return {
        "area_m2": round(spot.area_m2, 6),
        "place": [round(each, 3) for each in spot.place],
        "outline": _ring(spot.shape.exterior),
        "holes": [_ring(hole) for hole in spot.shape.interiors],
    }


def _ring(ring: LinearRing) -> list[list[float]]:
    return [[round(x, 3), round(y, 3)] for x, y in ring.coords[:-1]]


def _place(place: Place) -> dict[str, Any]:
    return {
        "target": place.volume.target.value,
        "id": place.volume.id,
        "needs": _level(place.needs),
        "camera": place.best.camera if place.best is not None else None,
        "shortfall": place.shortfall.value if place.shortfall is not None else None,
        "share_together": round(place.together, 6),
        "views": [_view(view) for view in place.views if view.share > 0],
    }


def _view(view: PlaceView) -> dict[str, Any]:
    level = view.level.id if view.level is not None else None
    return {
        "camera": view.camera,
        "share": round(view.share, 6),
        "px_per_m": _rounded(view.px_per_m),
        "level": level,
    }


def _level(level: Level) -> dict[str, Any]:
    return {"level": level.id, "px_per_m": level.px_per_m}


def _rounded(px_per_m: float | None) -> float | None:
    return None if px_per_m is None else round(px_per_m, 2)
