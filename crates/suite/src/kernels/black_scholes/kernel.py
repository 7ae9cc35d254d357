"""Black-Scholes prices of European options: what a call and a put are worth."""

from crossover import erf, exp, log, prange, real, sqrt

SQRT_HALF: real = 0.7071067811865476


def black_scholes(
    call: real[:],
    put: real[:],
    spot: real[:],
    strike: real[:],
    years: real[:],
    rate: real,
    volatility: real,
):
    for i in prange(call.shape[0]):
        deviation = volatility * sqrt(years[i])
        drift = (rate + volatility * volatility * 0.5) * years[i]
        d1 = (log(spot[i] / strike[i]) + drift) / deviation
        d2 = d1 - deviation
        # The normal distribution at d is 0.5 + h, at -d it is 0.5 - h.
        h1 = 0.5 * erf(d1 * SQRT_HALF)
        h2 = 0.5 * erf(d2 * SQRT_HALF)
        present = strike[i] * exp(-rate * years[i])
        call[i] = spot[i] * (0.5 + h1) - present * (0.5 + h2)
        put[i] = present * (0.5 - h2) - spot[i] * (0.5 - h1)
