"""Records also go where people look at curves."""

import sys
from pathlib import Path

import pytest

from nearfar.engine.loggers import LOGGERS, make_logger


@pytest.mark.usefixtures("as_users_call")
def test_an_unknown_logger_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'tensorboard'"):
        make_logger("tensorbord", tmp_path, {})


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("name", LOGGERS)
def test_a_missing_extra_says_what_to_install(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torch.utils.tensorboard", "wandb", "mlflow"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"Run pip install 'nearfar\[{name}\]'"):
        make_logger(name, tmp_path, {})


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_gets_every_record(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra 'tensorboard' is not installed")
    logger = make_logger("tensorboard", tmp_path, {})
    logger.log({"loss": 2.5, "step": 1}, 1)
    logger.close()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.value for event in events.Scalars("loss")] == [2.5]
