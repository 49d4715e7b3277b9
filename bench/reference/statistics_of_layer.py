"""What pass 1 keeps of a layer: the best photos of each unit, and a sketch of its quantiles."""

import numpy
import torch


class RunningTopK:
    """The k largest values of each unit, exact: a buffer of 5k, cut back to k when it is full."""

    def __init__(self, k):
        self.k = k
        self.width = max(10, 5 * k)
        self.seen = 0
        self.values = None
        self.ids = None

    def add(self, batch):
        """batch: [photos, units]; their ids go on where the last batch ended."""
        take = min(self.k, len(batch))
        values, places = batch.t().topk(take, dim=1)
        ids = places + self.seen
        self.seen += len(batch)
        if self.values is None:
            self.values, self.ids = values, ids
            return
        if self.values.shape[1] + take > self.width:
            self._cut()
        self.values = torch.cat([self.values, values], dim=1)
        self.ids = torch.cat([self.ids, ids], dim=1)

    def _cut(self):
        self.values, places = self.values.topk(min(self.k, self.values.shape[1]), dim=1)
        self.ids = self.ids.gather(1, places)

    def result(self):
        """(values, ids), each [units, k], best first."""
        self._cut()
        return self.values, self.ids


class QuantileSketch:
    """Quantiles of many values per unit from a few: a randomised KLL sketch.

    A full level is sorted and every second value, beginning at a random one of the first two, moves
    to the next, where it counts twice. The top level is the widest, each below it 0.67 as wide.
    """

    SHRINK = 0.67
    NARROWEST = 128

    def __init__(self, units, resolution=8192):
        self.units = units
        self.resolution = resolution
        self.levels = [torch.empty(units, resolution)]
        self.used = [0]
        self.minimum = torch.full((units,), numpy.inf)
        self.maximum = torch.full((units,), -numpy.inf)

    def _capacity(self, level):
        width = self.resolution * self.SHRINK ** (len(self.levels) - 1 - level)
        return max(self.NARROWEST, 8 * int(numpy.ceil(width / 8)))

    def add(self, values):
        """values: [count, units]."""
        start = 0
        while start < len(values):
            room = self._capacity(0) - self.used[0]
            if room <= 0:
                self._compact(0)
                continue
            part = values[start:start + room]
            self.levels[0][:, self.used[0]:self.used[0] + len(part)] = part.t()
            self.used[0] += len(part)
            start += len(part)

    def _see_extremes(self, values):
        """values: [units, count], sorted; every value passes level 0, where this costs nothing."""
        self.minimum = torch.minimum(self.minimum, values[:, 0])
        self.maximum = torch.maximum(self.maximum, values[:, -1])

    def _compact(self, level):
        """Empties a level: half of its values move up."""
        if level + 1 == len(self.levels):
            self.levels.append(torch.empty(self.units, self.resolution))
            self.used.append(0)
        values = self.levels[level][:, :self.used[level]].sort(dim=1).values
        if level == 0:
            self._see_extremes(values)
        half = values[:, int(torch.randint(2, ()))::2]
        if self.used[level + 1] + half.shape[1] > self._capacity(level + 1):
            self._compact(level + 1)
        begin = self.used[level + 1]
        self.used[level + 1] += half.shape[1]
        self.levels[level + 1][:, begin:self.used[level + 1]] = half
        self.used[level] = 0
        if self.levels[level].shape[1] > self._capacity(level):  # the tower has grown since
            self.levels[level] = torch.empty(self.units, self._capacity(level))

    def quantile(self, fraction):
        """One value per unit, interpolated between the middles of the kept values' weights."""
        if self.used[0] > 0:
            self._see_extremes(self.levels[0][:, :self.used[0]].sort(dim=1).values)
        kept = torch.cat([values[:, :used] for values, used in zip(self.levels, self.used)], dim=1)
        weights = torch.cat([torch.full((used,), 2.0 ** level)
                             for level, used in enumerate(self.used)])
        weights = torch.cat([weights, torch.zeros(2)])
        kept = torch.cat([kept, self.minimum[:, None], self.maximum[:, None]], dim=1)
        values, order = kept.sort(dim=1)
        weights = weights[order].double()
        places = (weights.cumsum(dim=1) - weights / 2) / weights.sum(dim=1, keepdim=True)
        return torch.tensor([numpy.interp(fraction, place, row)
                             for place, row in zip(places.numpy(), values.numpy())])
