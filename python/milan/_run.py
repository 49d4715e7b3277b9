"""A run folder (docs/formats.md) as arrays and tables."""

import csv
import json
import pathlib
from dataclasses import dataclass

import numpy as np

from ._safetensors import read_safetensors

_STATES = ("alive", "dead", "constant", "invalid")
_NEWEST_RUN = 1


@dataclass(frozen=True)
class Description:
    """Words for a unit; logarithms are natural, pmi = log_likelihood - lambda * log_prior."""
    layer: str
    unit: int
    state: str
    text: str  #: Empty for units that are not described.
    log_likelihood: float
    log_prior: float
    pmi: float
    others: tuple = ()  #: Runners-up, best first, as (text, log_likelihood, log_prior, pmi).
    confidence: float = float("nan")  #: Probability that the text is right; NaN: not known.
    reliable: "bool | None" = None  #: False: the text is only a guess. None: not known.


def _axis(size, out_size, border):
    """Where each output position reads the map: two neighbours and their weights, as milan does."""
    if size == 1:
        zeros = np.zeros(out_size, int)
        return zeros, zeros, np.ones(out_size, np.float32), np.zeros(out_size, np.float32)
    places = np.arange(out_size, dtype=np.float32) + np.float32(0.5)
    source = places * np.float32(size) / np.float32(out_size) - np.float32(0.5)
    first = np.floor(source).astype(int)
    second_weight = (source - first.astype(np.float32)).astype(np.float32)
    first_weight = (np.float32(1) - second_weight).astype(np.float32)
    second = first + 1
    if border == "zeros":
        first_weight[first < 0] = 0
        second_weight[second > size - 1] = 0
    return np.maximum(first, 0), np.minimum(second, size - 1), first_weight, second_weight


def _upsample(maps, out_height, out_width, border):
    first, second, a, b = _axis(maps.shape[-1], out_width, border)
    wide = maps[..., first] * a + maps[..., second] * b
    first, second, a, b = _axis(maps.shape[-2], out_height, border)
    return wide[..., first, :] * a[:, None] + wide[..., second, :] * b[:, None]


@dataclass(eq=False, repr=False)
class Layer:
    """The exemplars of a layer: U units, k exemplars each, best first, maps of h x w."""
    name: str
    photo_ids: np.ndarray    #: int32 [U, k], rows of the run's photos; -1 where there is none
    activations: np.ndarray  #: float32 [U, k], peaks
    maps: np.ndarray         #: float16 [U, k, h, w]
    thresholds: np.ndarray   #: float32 [U]
    minima: np.ndarray       #: float32 [U]
    maxima: np.ndarray       #: float32 [U]
    states: list             #: U of "alive", "dead", "constant", "invalid"
    photos: list             #: names of the run's photos
    photo_root: pathlib.Path
    mask_border: str = "zeros"
    mask_size: tuple = (224, 224)  #: what the network sees: height, width

    def __repr__(self):
        states = ", ".join(f"{self.states.count(state)} {state}" for state in _STATES
                           if state in self.states)
        height, width = self.maps.shape[-2:]
        return (f"Layer({self.name!r}: {self.units} units ({states}), "
                f"{self.photo_ids.shape[1]} exemplars each, maps {height}x{width})")

    @property
    def units(self):
        return self.photo_ids.shape[0]

    def photo_names(self, unit):
        """Names of a unit's exemplar photos, best first."""
        return [self.photos[photo] for photo in self.photo_ids[unit] if photo >= 0]

    def photo_paths(self, unit):
        """Their paths. A photo in an archive is X.tar/member, which is no file."""
        return [self.photo_root / name for name in self.photo_names(unit)]

    def masks(self, unit, size=None):
        """uint8 [n, height, width], 1 where the unit is active in its n exemplars, on the picture as
        the network sees it (resized and cropped); `size` is (height, width), by default that
        picture's."""
        height, width = size or self.mask_size
        count = int(np.count_nonzero(self.photo_ids[unit] >= 0))
        maps = np.asarray(self.maps[unit, :count], np.float32)
        threshold = np.float32(self.thresholds[unit])
        if self.states[unit] == "alive" and threshold >= self.maxima[unit]:  # saturated
            maps = (maps >= np.float32(np.float16(self.maxima[unit]))).astype(np.float32)
            threshold = np.float32(0.5)
        return (_upsample(maps, height, width, self.mask_border) > threshold).astype(np.uint8)


class Run:
    """A complete run: `manifest`, `photos` (names), `layers` ({name: Layer}), `descriptions`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.manifest = _read_json(self.folder / "run.json", "milan-run")
        if not self.manifest.get("complete"):
            raise ValueError(f"{self.folder}: the run is not complete; the command that began it continues")
        self.photo_root = self.folder / self.manifest["photos"].get("root", "")
        with open(self.folder / "photos.csv", newline="", encoding="utf-8",
                  errors="surrogateescape") as file:
            rows = list(csv.DictReader(file))
        self.photos = [row["name"] for row in rows]
        self.failures = {row["name"]: row["failure"] for row in rows if row["failure"]}
        self.layers = {entry["name"]: self._layer(entry) for entry in self.manifest["layers"]}
        self.descriptions = self._descriptions()

    def __repr__(self):
        return (f"Run({str(self.folder)!r}: {len(self.layers)} layers, "
                f"{sum(layer.units for layer in self.layers.values())} units, "
                f"{len(self.photos)} photos, {len(self.descriptions)} descriptions)")

    def __getitem__(self, layer):
        if layer not in self.layers:
            raise KeyError(f"{self.folder} has no layer {layer!r}; it has {', '.join(self.layers)}")
        return self.layers[layer]

    def description(self, layer, unit):
        """The Description of a unit; KeyError when there is none."""
        for description in self.descriptions:
            if (description.layer, description.unit) == (layer, unit):
                return description
        raise KeyError(f"{self.folder} has no description of unit {unit} of layer {layer!r}")

    def table(self):
        """A pandas.DataFrame with a row per unit: layer, unit, state, description and its scores,
        confidence, reliable (False: only a guess), runner_up, threshold, peak, photo (the best
        exemplar)."""
        pandas = _pandas()
        described = {(d.layer, d.unit): d for d in self.descriptions}
        rows = []
        for layer in self.layers.values():
            for unit in range(layer.units):
                names = layer.photo_names(unit)
                row = {"layer": layer.name, "unit": unit, "state": layer.states[unit]}
                description = described.get((layer.name, unit))
                if description is not None:
                    row.update(description=description.text, log_likelihood=description.log_likelihood,
                               log_prior=description.log_prior, pmi=description.pmi,
                               confidence=description.confidence, reliable=description.reliable,
                               runner_up=description.others[0][0] if description.others else None)
                row.update(threshold=float(layer.thresholds[unit]),
                           peak=float(layer.activations[unit, 0]) if names else float("nan"),
                           photo=names[0] if names else None)
                rows.append(row)
        columns = ["layer", "unit", "state", "description", "log_likelihood", "log_prior", "pmi",
                   "confidence", "reliable", "runner_up", "threshold", "peak", "photo"]
        return pandas.DataFrame(rows, columns=columns)

    def exemplar_table(self):
        """A pandas.DataFrame with a row per exemplar: layer, unit, rank (from 0), photo, activation."""
        rows = [(layer.name, unit, rank, name, float(layer.activations[unit, rank]))
                for layer in self.layers.values() for unit in range(layer.units)
                for rank, name in enumerate(layer.photo_names(unit))]
        return _pandas().DataFrame(rows, columns=["layer", "unit", "rank", "photo", "activation"])

    def _layer(self, entry):
        path = self.folder / entry["file"]
        arrays, metadata = read_safetensors(path)
        input_size = self.manifest["preprocessing"]
        size = input_size.get("crop") or input_size["resize"]["size"]
        try:
            return Layer(
                name=entry["name"], states=[_STATES[state] for state in arrays["states"]],
                photos=self.photos, photo_root=self.photo_root,
                mask_border=metadata.get("mask_border", "zeros"), mask_size=tuple(size),
                **{name: arrays[name] for name in ("photo_ids", "activations", "maps", "thresholds",
                                                   "minima", "maxima")})
        except (KeyError, IndexError) as error:
            raise ValueError(f"{path}: not exemplars of milan ({error!r})") from None

    def _descriptions(self):
        path = self.folder / "descriptions.json"
        if not path.exists():
            return []
        return [_description(unit) for unit in _read_json(path, "milan-descriptions")["units"]]


def _number(value):
    return float("nan") if value is None else float(value)


def _scores(entry):
    return tuple(_number(entry.get(name)) for name in ("log_likelihood", "log_prior", "pmi"))


def _description(unit):
    best = unit.get("description") or {}
    others = tuple((other["text"], *_scores(other)) for other in unit.get("others") or ())
    return Description(unit["layer"], unit["unit"], unit["state"], best.get("text", ""),
                       *_scores(best), others, _number(unit.get("confidence")), unit.get("reliable"))


def _read_json(path, kind):
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing: not a run of milan, or not that far") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict) or content.get("format") != kind:
        raise ValueError(f"{path}: not of the format {kind}")
    if content.get("version", 0) > _NEWEST_RUN:
        raise ValueError(f"{path}: version {content['version']} was written by a newer milan")
    return content


def _pandas():
    try:
        import pandas
    except ImportError:
        raise ImportError("tables need pandas (Debian: python3-pandas)") from None
    return pandas


def load(run):
    """Opens a run folder. Arrays are read from disk when they are used. Raises FileNotFoundError or
    ValueError, which name the file."""
    return Run(run)
