from chaosproxy.faults._canaries import canary_of


def test_a_draw_has_one_canary() -> None:
    assert canary_of(0.25) == canary_of(0.25)
    assert canary_of(0.25) != canary_of(0.26)


def test_they_are_short_plain_and_rarely_the_same() -> None:
    many = [canary_of(number / 10_007) for number in range(10_007)]
    assert len({canary.token for canary in many}) > 10_000
    assert len({canary.digits for canary in many}) > 9_500
    for canary in many:
        assert len(canary.digits) == len(canary.token) == 6
        assert set(canary.digits) <= set("123456789")
        assert not set(canary.token) & set("AEIOUYaeiouy01")
