import pytest
from torch.utils.data import DataLoader, Dataset

from depthgen.cli.errors import run_cli
from depthgen.data.sample import BrokenSample


def raising(error: BaseException):
    def function() -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (ValueError("the prompt\n is empty"), "error: the prompt is empty\n", 2),
        (
            FileNotFoundError(2, "No such file or directory", "a.png"),
            "error: a.png: No such file or directory\n",
            2,
        ),
        (OSError(5, "broken pipe\n\nCOMMAND:\n  x", "a.mp4"), "error: a.mp4: broken pipe COMMAND: x\n", 2),
        (OSError("disk on fire"), "error: disk on fire\n", 2),
        (ValueError(), "error: ValueError\n", 2),
        (KeyboardInterrupt(), "interrupted\n", 130),
    ],
)
def test_what_the_user_did_is_one_line_and_a_status(error, line: str, status: int, capsys):
    with pytest.raises(SystemExit) as exit_info:
        run_cli(raising(error))
    assert exit_info.value.code == status
    assert capsys.readouterr().err == line


def test_our_own_defects_keep_their_traceback_and_success_is_silent(capsys):
    with pytest.raises(ZeroDivisionError):
        run_cli(raising(ZeroDivisionError()))
    run_cli(lambda: None)
    assert capsys.readouterr().err == ""


class Unreadable(Dataset):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> None:
        raise BrokenSample("depth/0.png", "truncated")


def test_a_workers_error_is_one_line_without_its_traceback(capsys):
    with pytest.raises(SystemExit):
        run_cli(lambda: next(iter(DataLoader(Unreadable(), num_workers=1))))
    assert capsys.readouterr().err == "error: depth/0.png: truncated\n"
