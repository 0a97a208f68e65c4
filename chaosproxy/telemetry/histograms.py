"""One histogram for each combination of label values."""

from chaosproxy.telemetry.histogram import Histogram


class Histograms(dict[tuple[str, ...], Histogram]):
    """A histogram for each combination of label values, made when it is first asked for."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: tuple[float, ...]) -> None:
        super().__init__()
        self.bounds = bounds

    def __missing__(self, labels: tuple[str, ...]) -> Histogram:
        made = self[labels] = Histogram(self.bounds)
        return made
