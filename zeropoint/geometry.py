"""Pure geometry of a cloud of vectors: tensors in, floats and small dataclasses out.

Nothing here reads files, draws, or knows of models. Sums that decide a printed digit run in float64. A row that is zero,
or next to it, has no direction: what is computed over all pairs leaves it out with a warning, what gives a value for each
row refuses it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm.auto import tqdm

NO_DIRECTION = 1e-6  # of the median norm: below it a row is rounding, padding or never written


def as_matrix(W: Tensor) -> Float[Tensor, "n d"]:
    """`W` detached and at least float32; raises ValueError, in one sentence, if it is no cloud of vectors.

    Half precision is widened to float32. Apple's MPS has no float64, so a matrix there is brought to the CPU.
    """
    try:
        W = torch.as_tensor(W).detach()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"Expected a matrix [n, d] of numbers; got {type(W).__name__}: give its tensor (a module's `.weight`, a table's "
            "`.to_numpy()`)."
        ) from None
    if W.ndim != 2:
        raise ValueError(f"Expected a matrix [n, d], one vector a row; got shape {tuple(W.shape)}.")
    if len(W) < 2:
        raise ValueError(f"Pairs need at least two rows; got shape {tuple(W.shape)}.")
    if W.is_complex():
        raise ValueError(f"Expected real numbers; got {str(W.dtype).removeprefix('torch.')}.")
    if W.layout != torch.strided:
        W = W.to_dense()
    if W.dtype not in (torch.float32, torch.float64):
        W = W.float()
    if not is_finite(W):
        finite = torch.isfinite(W).all(dim=1)
        raise ValueError(f"{_rows(~finite)} hold NaN or infinity; drop or mend them first.")
    return W.cpu() if W.device.type == "mps" else W


def is_finite(W: Tensor) -> bool:
    """Holds W neither NaN nor infinity? In one pass over it: a NaN is both its least number and its greatest."""
    return not W.numel() or bool(torch.isfinite(torch.stack(W.aminmax())).all())


def norms(W: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """The rows' norms in float64: in float32 the squares of numbers beyond 1e19 or below 1e-23 are infinite or zero."""
    return torch.cat([torch.linalg.vector_norm(part, dim=1) for part in _doubles(as_matrix(W))])


def _doubles(W: Float[Tensor, "n d"]) -> Iterator[Float[Tensor, "m d"]]:
    """The rows in float64, a few at a time: they stay in the processor's cache, and add up several times as fast.

    So few that torch gives them to one thread: where two share a core, waiting for each other costs more than the sums.
    """
    return (part.double() for part in W.split(max(1, (2**15 - 1) // max(1, W.shape[1]))))


def without_direction(W: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
    """Which rows are zero, or less than a millionth of the median row (of those that are not zero)."""
    return _too_short(norms(W))


def _too_short(lengths: Float[Tensor, " n"]) -> Bool[Tensor, " n"]:
    longer = lengths[lengths > 0]
    return lengths <= (NO_DIRECTION * longer.median() if len(longer) else 0)


def with_direction(W: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
    """The rows that have a direction; the others have no cosine with anything. ValueError if fewer than two do."""
    return _with_lengths(W)[0]


def _with_lengths(W: Tensor) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"], Bool[Tensor, " n"]]:
    """(the rows that have a direction, their norms in float64, which of all rows have none)"""
    W, lengths = as_matrix(W), norms(W)
    none = _too_short(lengths)
    if none.any():
        W, lengths = W[~none], lengths[~none]
    if len(W) < 2:
        raise ValueError(f"{int(none.sum())} of {len(none)} rows have no direction, so there is no pair to compare.")
    return W, lengths, none


def unit_rows(W: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Rows divided by their norms. ValueError if a row has no direction (`without_direction`)."""
    return _divided(*_all_directed(W))


def _all_directed(W: Tensor) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
    """The rows and their norms in float64. ValueError if a row has no direction."""
    W, lengths = as_matrix(W), norms(W)
    if (none := _too_short(lengths)).any():
        raise ValueError(f"{_rows(none)} have no direction (zero, or next to it); leave them out: `with_direction(W)`.")
    return W, lengths


def _divided(W: Float[Tensor, "n d"], lengths: Float[Tensor, " n"]) -> Float[Tensor, "n d"]:
    """Each row by its length: the norms need float64, the quotients do not."""
    return W / lengths[:, None].to(W.dtype)


def _directed(W: Tensor) -> Float[Tensor, "m d"]:
    """The unit rows, without the rows that have no direction; a warning says how many these are."""
    W, lengths, none = _with_lengths(W)
    if none.any():
        warnings.warn(f"{_rows(none)} have no direction (zero, or next to it) and are left out.", stacklevel=4)
    return _divided(W, lengths)


def _rows(bad: Tensor) -> str:
    return f"{int(bad.sum())} of {len(bad)} rows (first: row {int(bad.nonzero()[0])})"


def mean(W: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    """The mean row, summed in float64 and returned in `W`'s dtype."""
    W = as_matrix(W)
    total = sum(part.sum(0) for part in _doubles(W))
    return (total / len(W)).to(W.dtype)


def centre(W: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Every row less the mean row: over the vocabulary, not over d_model.

    A row that equals the mean becomes exactly zero; the rounding that would be left of it has a direction, and means nothing.
    """
    W, mu = as_matrix(W), mean(W)
    centred = W - mu
    rounding = 4 * torch.finfo(W.dtype).eps * mu.double().norm()
    centred[norms(centred) <= rounding] = 0
    return centred


def cosine_with_mean(W: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Cosine of each row with the mean row. ValueError if the mean is zero, or a row has no direction."""
    W, lengths = _all_directed(W)
    return (W @ _direction_of_mean(W) / lengths).to(W.dtype)


def parts_along_mean(W: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """aᵢ = wᵢ·μ̂, how far each row reaches along the mean's direction; their mean is ‖μ‖.

    All nearly equal: the common vector is an *offset*. Wide apart: it is a *ray*. ValueError if the mean is zero.
    """
    return as_matrix(W) @ _direction_of_mean(W)


def project_out_mean(W: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Every row without its part along the mean's direction: wᵢ − aᵢ μ̂. What is left has mean zero as well.

    Takes away more than `centre`, which leaves the differences between the aᵢ. ValueError if the mean is zero.
    """
    return as_matrix(W) - parts_along_mean(W)[:, None] * _direction_of_mean(W)


def _direction_of_mean(W: Tensor) -> Float[Tensor, " d"]:
    W, mu = as_matrix(W), mean(W).double()
    if mu.norm() <= torch.finfo(W.dtype).eps * norms(W).median():
        raise ValueError("The mean row is zero, up to rounding: no direction to compare with.")
    return (mu / mu.norm()).to(W.dtype)


def share_of_mean(W: Float[Tensor, "n d"]) -> float:
    """‖μ‖² / E‖w‖², between 0 and 1: the part of the mean squared norm that the mean row carries. ValueError if all is zero."""
    W = as_matrix(W)
    total = norms(W).square().mean()
    if total == 0:
        raise ValueError(f"All {len(W)} rows are zero: there is nothing to share.")
    return (mean(W).double().square().sum() / total).item()


def spread(W: Float[Tensor, "n d"]) -> float:
    """Root mean squared distance of the rows from their mean: how wide the cloud is, wherever it lies."""
    return norms(centre(W)).square().mean().sqrt().item()


def mean_pairwise_cosine(W: Float[Tensor, "n d"]) -> float:
    """Mean cosine over all pairs of different rows, exactly and in O(n·d): no pair is formed.

    With unit rows û, Σᵢⱼ ûᵢ·ûⱼ = ‖Σ û‖²; the n terms with i = j are 1 each: (‖Σ û‖² − n) / (n(n−1)).
    """
    return sum_over_dimensions(W).sum().item()


def sum_over_dimensions(W: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    """What each coordinate adds to the mean pairwise cosine; sums to `mean_pairwise_cosine`. float64."""
    u = _directed(W)
    n = len(u)
    total, squares = 0, 0
    for part in _doubles(u):
        total += part.sum(0)
        squares += part.square().sum(0)
    return (total.square() - squares) / (n * (n - 1))


def effective_dimension(W: Float[Tensor, "n d"]) -> float:
    """1 / (mean squared cosine over pairs of different rows), exactly and in O(n·d²).

    Independent isotropic directions in d dimensions give d (in expectation), so this is the dimension of the isotropic
    cloud that would look as spread out. Σᵢⱼ (ûᵢ·ûⱼ)² = ‖ÛᵀÛ‖²_F. Not centred here: `effective_dimension(centre(W))`.
    Infinite for rows all at right angles to each other.
    """
    u = _directed(W)
    n = len(u)
    off_diagonal = (u.T @ u).double().square().sum().item() - n
    return n * (n - 1) / off_diagonal if off_diagonal > 1e-6 * n else math.inf  # less is the unit rows' own rounding


def mean_abs_cosine(W: Float[Tensor, "n d"], rows: int = 4096, seed: int = 0) -> tuple[float, float]:
    """Mean |cosine| over pairs of different rows, and its standard error: exact, with error 0, up to `rows` rows.

    No identity spares the pairs here, and all pairs of 50,000 rows take a minute. So a random sample of `rows` is compared
    with every row: the sample's mean is unbiased, and its error is that of a mean of `rows` numbers drawn without putting
    back. `cosine_histogram` counts all pairs, where its shape is wanted.
    """
    u = _directed(W)
    chosen, unseen = _sample(len(u), rows, seed)
    # Of each chosen row, the mean |cosine| with all others: its cosine with itself, 1, is taken off again.
    sums = [(u[ids] @ u.T).abs().sum(1, dtype=torch.float64) for ids in chosen.split(256)]
    by_row = (torch.cat(sums) - 1) / (len(u) - 1)
    error = _error_of_mean(by_row, unseen).item() if unseen else 0.0
    return by_row.mean().item(), error


@dataclass(frozen=True)
class KindOfMean:
    """How large the mean is against the rows, and what centring leaves: an even cloud (offset) or a line (ray).

    Offset: a small `spread_of_parts` and `share_along_mean`; centring leaves many dimensions, as many as projecting the
    mean's direction out. Ray: the reverse, and only the projection leaves many. In between lies everything else.
    """

    mean_cosine: float  # over all pairs, not centred
    spread_of_parts: float  # standard deviation of the aᵢ = wᵢ·μ̂ over their mean, ‖μ‖
    share_along_mean: float  # of the centred rows' variance, between 0 and 1
    mean_abs_cosine_centred: float  # isotropic rows give about √(2 / πd)
    mean_abs_cosine_error: float  # its standard error: 0 where all pairs were counted
    dimension_centred: float  # effective dimension of the rows less their mean
    dimension_projected: float  # … and without their part along it


def kind_of_mean(W: Float[Tensor, "n d"], rows: int = 4096, seed: int = 0) -> KindOfMean:
    """Of which kind the mean of `W`'s rows is; in float32 but for the sums. `rows`, `seed`: see `mean_abs_cosine`.

    ValueError, in one sentence, if the mean is zero. A row equal to it has no direction when centred and is left out there.
    """
    centred, parts = centre(W), parts_along_mean(W).double()
    along = parts.var(correction=0)
    mean_abs, error = mean_abs_cosine(centred, rows, seed)
    return KindOfMean(
        mean_cosine=mean_pairwise_cosine(W),
        spread_of_parts=(along.sqrt() / parts.mean()).item(),
        share_along_mean=(along / norms(centred).square().mean()).item(),
        mean_abs_cosine_centred=mean_abs,
        mean_abs_cosine_error=error,
        dimension_centred=effective_dimension(centred),
        dimension_projected=effective_dimension(project_out_mean(W)),
    )


@dataclass(frozen=True)
class Histogram:
    """Cosines of unordered pairs of different rows, counted into equal bins over [-1, 1]: of all pairs, or of a sample."""

    counts: Int[Tensor, " bins"]
    mean_abs: float  # mean |cosine|, from the cosines themselves rather than from the bins
    mean_abs_error: float = 0.0  # its standard error: 0 where all pairs were counted
    by_row: Int[Tensor, "rows bins"] | None = None  # of a sample, the counts of each of its rows against all others
    unseen: float = 0.0  # share of all rows that the sample left out

    @property
    def edges(self) -> Float[Tensor, " bins_plus_1"]:
        return torch.linspace(-1, 1, len(self.counts) + 1, dtype=torch.float64)

    @property
    def centres(self) -> Float[Tensor, " bins"]:
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def pairs(self) -> int:
        return int(self.counts.sum())

    @property
    def density(self) -> Float[Tensor, " bins"]:
        """Share of pairs per unit of cosine: integrates to 1."""
        return self._per_unit(self.counts)

    @property
    def error(self) -> Float[Tensor, " bins"]:
        """Standard error of `density`: that of a mean over rows drawn without putting back. 0 where all were counted."""
        if self.by_row is None:
            return torch.zeros(len(self.counts))
        return _error_of_mean(self._per_unit(self.by_row), self.unseen)

    def _per_unit(self, counts: Int[Tensor, "... bins"]) -> Float[Tensor, "... bins"]:
        return counts / counts.sum(-1, keepdim=True) * (len(self.counts) / 2)

    def coarser(self, factor: int) -> Histogram:
        """The same pairs in bins `factor` times as wide. ValueError if that does not come out even."""
        if factor < 1 or len(self.counts) % factor:
            raise ValueError(f"{len(self.counts)} bins cannot be joined {factor} by {factor}; give a divisor.")
        rows = None if self.by_row is None else self.by_row.unflatten(1, (-1, factor)).sum(2)
        return replace(self, counts=self.counts.view(-1, factor).sum(1), by_row=rows)


def _error_of_mean(values: Float[Tensor, "rows ..."], unseen: float) -> Float[Tensor, "..."]:
    """Standard error of the mean over rows; `unseen` is the share of the population that was not drawn."""
    return (values.var(0) / len(values) * unseen).sqrt()


def _sample(n: int, rows: int, seed: int) -> tuple[Int[Tensor, " rows"], float]:
    """`rows` of n row numbers at random, all if there are fewer, and the share of the n that is left out."""
    chosen = torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:rows]
    return chosen, 1 - len(chosen) / n


def cosine_sample(W: Float[Tensor, "n d"], rows: int = 256, bins: int = 2000, seed: int = 0) -> Histogram:
    """The histogram of all pairs, estimated in a second: `rows` random rows, each against every other row.

    It is unbiased; `error` and `mean_abs_error` are its standard errors. `cosine_histogram` counts all pairs.
    """
    u = _directed(W).float()
    chosen, unseen = _sample(len(u), rows, seed)
    counts, mean_abs = [], []
    for ids in chosen.to(u.device).split(64):
        cosines = u @ u[ids].T  # [n, 64], a third faster than [64, n]
        column = torch.arange(len(ids), device=u.device)
        itself = cosines[ids, column]
        where = _bin(cosines, bins) + column * bins  # the bins of each column after those of the one before
        each = torch.bincount(where.view(-1), minlength=len(ids) * bins).view(-1, bins)
        each[column, _bin(itself, bins)] -= 1
        counts.append(each.cpu())
        mean_abs.append((cosines.abs().sum(0, dtype=torch.float64) - itself.abs()).cpu() / (len(u) - 1))
    counts, mean_abs = torch.cat(counts), torch.cat(mean_abs)
    error = _error_of_mean(mean_abs, unseen).item() if unseen else 0.0
    return Histogram(counts.sum(0), mean_abs.mean().item(), error, counts, unseen)


def _bin(cosines: Float[Tensor, "..."], bins: int) -> Int[Tensor, "..."]:
    """The number of each cosine's bin; 1 belongs to the last, and so does what rounding puts beyond it."""
    return ((cosines + 1) * (bins / 2)).long().clamp_(0, bins - 1)


def cosine_histogram(
    W: Float[Tensor, "n d"], bins: int = 2000, block: tuple[int, int] = (512, 2048), progress: bool = True
) -> Histogram:
    """Count every unordered pair of different rows once, by cosine.

    Tiles of the upper triangle of ÛÛᵀ are multiplied, binned and dropped, on `W`'s device, so the memory beyond the unit
    rows is a few tiles. Products are float32: a cosine is off by less than 2e-6, so a pair that close to an edge may be
    counted in the next bin, and no other. A progress bar appears when it takes more than two seconds.
    """
    device = W.device if isinstance(W, Tensor) else "cpu"
    u = _directed(W).float().to(device)
    n, (height, width) = len(u), block
    counts = torch.zeros(bins + 1, dtype=torch.int64, device=device)
    total_abs = 0.0
    product = torch.empty(height * max(height, width), dtype=torch.float32, device=device)
    sizes = torch.empty_like(product)
    index = torch.empty_like(product, dtype=torch.int32)
    bar = tqdm(total=n * (n - 1) // 2, unit="pair", unit_scale=True, delay=2, leave=False, disable=not progress)
    for top in range(0, n, height):
        rows = u[top : top + height]
        for left in (top, *range(top + height, n, width)):
            columns = u[left : left + (height if left == top else width)]
            size = len(rows) * len(columns)
            tile = torch.mm(rows, columns.T, out=product[:size].view(len(rows), len(columns)))
            if left == top:  # the tile meets the diagonal: keep what lies right of it
                tile = tile[torch.ones_like(tile, dtype=torch.bool).triu(1 + top - left)]
            flat = tile.view(-1)
            if len(flat) == 0:
                continue
            # Not vector_norm(flat, 1): it adds up in one long float32 chain and errs in the fourth digit.
            total_abs += torch.abs(flat, out=sizes[: len(flat)]).sum().item()
            bar.update(len(flat))
            # Truncation to int is floor here: cosines below −1 by rounding land in bin 0 all the same.
            where = index[: len(flat)].copy_(flat.add_(1).mul_(bins / 2))
            counts += torch.bincount(where, minlength=bins + 1)
    bar.close()
    counts[bins - 1] += counts[bins]  # a cosine of exactly 1 belongs to the last bin
    return Histogram(counts[:bins].cpu(), total_abs / (n * (n - 1) / 2))
