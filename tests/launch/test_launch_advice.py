"""What is said when an agent has called nothing."""

from chaosproxy.launch.advice import UPSTREAMS_MOST, advice
from chaosproxy.launch.environment import Way, environment
from tests.launch.profiles import profile


def test_it_names_the_gateway_url_of_each_upstream_up_to_a_few() -> None:
    given = profile(upstreams={f"tool-{number}": f"http://127.0.0.1:{number + 1}" for number in range(9)})
    variables = environment({}, given, Way("127.0.0.1:4000", "127.0.0.1:4001", "s")).variables

    said = list(advice(given, variables))

    urls = [line.strip() for line in said if "CHAOSPROXY_UPSTREAM_" in line]
    assert urls[0] == "CHAOSPROXY_UPSTREAM_TOOL_0=http://127.0.0.1:4000/~s/tool-0  ->  http://127.0.0.1:1"
    assert len(urls) == UPSTREAMS_MOST
    assert any("trust_env=True" in line for line in said)


def test_without_upstreams_there_is_no_url_to_name() -> None:
    assert not any("base URLs" in line for line in advice(profile(), {}))
