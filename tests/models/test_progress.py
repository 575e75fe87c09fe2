"""The bar of a session moves by tokens too."""

from contextlib import closing

from models.inference.progress import Progress


def make_progress():
    return closing(Progress("model: mazes", total=10, cached=2, expected_tokens=100.0))


def test_it_moves_before_the_first_reply_has_ended():
    with make_progress() as progress:
        assert progress._done() == 2
        progress.add_tokens(400)  # of 8 replies of 100
        half = progress._done()
        assert 5 < half < 6.5
        progress.add_tokens(4000)  # they are longer than expected
        assert half < progress._done() < 10


def test_replies_that_have_ended_count_as_whole_ones():
    with make_progress() as progress:
        progress.add_tokens(50)
        for _ in range(5):
            progress.add_reply(10)
        assert progress.tokens == 50
        assert progress._done() == 7
        progress.add_tokens(20)  # those that ended were short, and so are the others expected to be
        assert 7.2 < progress._done() < 9


def test_an_engine_that_tells_of_no_tokens_is_counted_by_its_replies(capsys):
    with make_progress() as progress:
        for _ in range(8):
            progress.add_reply(10)
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert "model: mazes: 100%" in last
    assert "10/10 mazes (2 cached) [" in last
    assert "tokens/s" in last
