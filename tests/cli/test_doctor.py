"""What the machine offers."""

import json

import torch

from nearfar.engine import choose_precision


def test_the_facts_as_json(typed) -> None:
    found = json.loads(typed("doctor", "--json").out)
    assert found["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert set(found["extras"]) >= {"lightning", "tensorboard", "wandb", "mlflow"}
    assert "dev" not in found["extras"]
    assert found["devices"][-1]["kind"] == "cpu"
    assert found["precision"]["chosen"] == choose_precision()
    assert found["precision"]["why"]
    assert found["threads"] == torch.get_num_threads()
    assert found["memory_gib"]["total"] > 0
    assert found["disk"]["free_gib"] >= 0


def test_the_facts_for_people(typed) -> None:
    said = typed("doctor").out
    for heading in ("versions", "extras", "devices", "precision", "threads", "memory", "disk"):
        assert f"\n{heading} " in f"\n{said}"
    assert max(map(len, said.splitlines())) <= 100
