"""What a profile would do to imagined agents: the engine that serves real traffic, without the traffic."""

from chaosproxy.simulation.aims import Aim, aims
from chaosproxy.simulation.timetable import Foreseen, Imagination, Imagined, RuleCount, Weather, simulate

__all__ = ["Aim", "Foreseen", "Imagination", "Imagined", "RuleCount", "Weather", "aims", "simulate"]
