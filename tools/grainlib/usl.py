"""The universal scalability law, fitted to throughput: X(N) = rate N / (1 + sigma (N - 1) + kappa N (N - 1)).

sigma is what is serial, kappa what each CPU costs each other one. N / X is linear in 1 / rate, sigma / rate and
kappa / rate: weighted least squares on relative errors, intervals of 95 % from their covariances. With few points the
intervals are wide, and say so.

Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

# Student's t, 0.975, by degrees of freedom.
T_975 = (inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True)
class Fit:
    """The parameters, and half the width of the intervals of sigma and kappa (infinite: cannot be told)."""

    rate: float
    sigma: float
    kappa: float
    sigma_half: float
    kappa_half: float

    def at(self, cpus: float) -> float:
        """Throughput by the law."""
        return self.rate * cpus / (1 + self.sigma * (cpus - 1) + self.kappa * cpus * (cpus - 1))


def fit(cpus: Sequence[float], rates: Sequence[float]) -> Fit | None:
    """The law for these points. What comes out negative is zero.

    None when there are fewer than three; or when two CPUs do less than one: then what is done on one CPU is another
    thing than on several (nothing crosses CPUs, say), and its rate is not that of the law.
    """
    at = dict(zip(cpus, rates))
    if len(at) < 3 or min(rates) <= 0 or at.get(2, at.get(1, 0)) < at.get(1, 0):
        return None
    columns = [True, True]  # whether sigma and kappa are in it
    while True:
        solved = solve(cpus, rates, columns)
        parameters = list(solved[0])
        values = [parameters.pop(0)] + [parameters.pop(0) if used else 0.0 for used in columns]
        worst = min((value, index) for index, value in enumerate(values[1:]))
        if worst[0] >= 0:
            break
        columns[worst[1]] = False
    halves = interval_halves(values, columns, solved[1], len(cpus))
    return Fit(1 / values[0], values[1] / values[0], values[2] / values[0], *halves)


Matrix = list[list[float]]


def solve(cpus: Sequence[float], rates: Sequence[float], columns: list[bool]) -> tuple[list[float], Matrix]:
    """Parameters of the linear form, and their covariances before the scale is known to be 1."""
    rows, wanted = [], []
    for count, rate in zip(cpus, rates):
        weight = rate / count  # relative errors
        terms = [1.0, count - 1, count * (count - 1)]
        rows.append([weight * term for term, used in zip(terms, [True, *columns]) if used])
        wanted.append(1.0)
    size = len(rows[0])
    normal = [[sum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    inverse = invert(normal)
    right = [sum(row[i] * value for row, value in zip(rows, wanted)) for i in range(size)]
    found = [sum(inverse[i][j] * right[j] for j in range(size)) for i in range(size)]
    errors = [value - sum(x * y for x, y in zip(row, found)) for row, value in zip(rows, wanted)]
    freedom = len(rows) - size
    variance = sum(error * error for error in errors) / freedom if freedom else inf
    return found, [[variance * value if value else 0.0 for value in row] for row in inverse]


def invert(matrix: Matrix) -> Matrix:
    """Gauss and Jordan, with pivots."""
    size = len(matrix)
    work = [row[:] + [float(i == j) for j in range(size)] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(work[row][i]))
        work[i], work[pivot] = work[pivot], work[i]
        work[i] = [value / work[i][i] for value in work[i]]
        for j in range(size):
            if j != i:
                work[j] = [value - work[j][i] * other for value, other in zip(work[j], work[i])]
    return [row[size:] for row in work]


def interval_halves(
    values: list[float], columns: list[bool], covariance: Matrix, points: int
) -> tuple[float, float]:
    """Half intervals of sigma and kappa: each is a quotient, so by the delta method."""
    freedom = points - 1 - sum(columns)
    factor = T_975[min(freedom, len(T_975) - 1)]
    halves, index = [], 1
    for value, used in zip(values[1:], columns):
        if not used:
            halves.append(0.0)
            continue
        base, quotient = values[0], value / values[0]
        variance = (
            covariance[index][index]
            - 2 * quotient * covariance[0][index]
            + quotient * quotient * covariance[0][0]
        ) / (base * base)
        halves.append(factor * sqrt(max(variance, 0.0)) if freedom else inf)
        index += 1
    return halves[0], halves[1]
