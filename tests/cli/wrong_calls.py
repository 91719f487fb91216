"""Wrong calls and the one sentence that each gets: what the tests hold the package to, and the page of the docs.

`python tests/cli/wrong_calls.py` writes `docs/wrong-calls.md` anew. All calls are made in the folder that `desk.py`
lays out; `...` stands for the words of a library or of the machine.
"""

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["PAGE", "WRONG_CALLS", "WrongCall", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "wrong-calls.md"

TABLE = r"""
# What to run
nearfar pretrian simclr pictures
    nearfar: command must be one that `nearfar --help` lists. Got 'pretrian'. Did you mean 'pretrain'?
nearfar zzz
    nearfar: command must be one that `nearfar --help` lists. Got 'zzz'. Choose from compare, demo, doctor,
    embed, evaluate, export, finetune, generate, methods, predict, pretrain, report and more.
nearfar --versoin
    nearfar: option must be one that `nearfar --help` lists. Got '--versoin'. Did you mean '--version'?
nearfar pretrain simclrr pictures
    nearfar pretrain: method must be one that `nearfar methods` lists. Got 'simclrr'. Did you mean 'simclr'?
nearfar pretrain simclr
    nearfar pretrain simclr: DATA must be given. Got nothing. Type `nearfar pretrain simclr --help`.
nearfar pretrain simclr pictures flat
    nearfar pretrain simclr: arguments must be those that its help lists. Got 'flat'. Leave it out, or type
    `nearfar pretrain simclr --help`.
nearfar pretrain simclr ""
    nearfar: arguments must be words with letters. Got an empty word. Leave it out, or fill it.
nearfar evaluate
    nearfar evaluate: RUN must be given. Got nothing. Type `nearfar evaluate --help`.
nearfar evaluate runs/first
    nearfar evaluate: DATA must be given. Got nothing. Type `nearfar evaluate --help`.
nearfar methods --jsn
    nearfar methods: option must be one that `nearfar methods --help` lists. Got '--jsn'. Did you mean '--json'?
nearfar doctor pictures
    nearfar doctor: arguments must be those that its help lists. Got 'pictures'. Leave it out, or type `nearfar
    doctor --help`.

# Data
nearfar pretrain simclr nowhere
    pretrain: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar pretrain simclr fashion-min
    pretrain: data must be an existing path or the name of a data set (fashion-mini). Got 'fashion-min'. Did you
    mean 'fashion-mini'?
nearfar pretrain simclr empty
    pretrain: data must be a container of at least one readable picture. Got 'empty'. Name a folder, zip or
    parquet file of pictures.
nearfar pretrain simclr texts
    pretrain: data must be at least 2 texts, the smallest batch of SimCLR. Got '1 in texts'. Add texts.
nearfar pretrain simclr texts.zip
    pretrain: data must be a container of at least one readable picture. Got 'texts.zip'. Name a folder, zip or
    parquet file of pictures.
nearfar pretrain simclr broken
    pretrain: data must be a container of at least one readable picture. Got 'broken: a.png holds no picture in a
    known format, but text'. Name a folder, zip or parquet file of pictures.
nearfar pretrain simclr notes.txt
    pretrain: data must be at least 2 texts, the smallest batch of SimCLR. Got '1 in notes.txt'. Add texts.
nearfar pretrain simclr nothing.bin
    pretrain: data must be a folder, zip, tar, parquet, Arrow, npy, npz or idx file of pictures, or a CSV of their
    paths. Got 'nothing.bin, which is empty'. Name the folder that holds the pictures.
nearfar pretrain simclr torn.zip
    pretrain: data must be readable. Got 'torn.zip: ...'. Restore it, or name other data.
nearfar pretrain simclr torn.parquet
    pretrain: data must be readable. Got 'torn.parquet: ...'. Restore it, or name other data.
nearfar pretrain simclr weights.parquet
    pretrain: data must be a table with a column of picture bytes. Got ['weight']. Name the column of pictures
    with image_column.
nearfar pretrain simclr photos.parquet --image-column pic
    pretrain: image_column must be a column of the data. Got 'pic'. Choose from kind, photo.
nearfar pretrain simclr photos.parquet --image-column kind
    pretrain: data must be a container of at least one readable picture. Got 'photos.parquet: a is not there;
    paths count from the folder of the table'. Name a folder, zip or parquet file of pictures.
nearfar pretrain simclr photos.parquet --label-column knd
    pretrain: label_column must be a column of the data. Got 'knd'. Did you mean 'kind'?
nearfar pretrain simclr photos.parquet --image-column=
    nearfar: arguments must be words with letters. Got '--image-column='. Leave it out, or fill it.
nearfar pretrain simclr flat --image-column photo
    pretrain: image_column must be left out for data without columns. Got 'photo'. Leave it out.
nearfar pretrain simclr floats.npy
    pretrain: data must be uint8 pictures of shape (n, h, w) or (n, h, w, c). Got 'float64 of shape (8, 16, 16)'.
    Scale it to 0 ... 255: (255 * array).astype('uint8').
nearfar pretrain cpc vectors.npy
    pretrain: data must be pictures. Got 'series'. Name other data, or another method.
nearfar pretrain simclr arrays.npz
    pretrain: data must be arrays of which one is called 'X'. Got ['weights']. Rename one.
nearfar pretrain simclr unaligned.npz
    pretrain: labels must be one for each of 8 pictures. Got 7. Align them.
nearfar pretrain simclr single
    pretrain: data must be at least 2 pictures, the smallest batch of SimCLR. Got '1 in single'. Add pictures.
nearfar pretrain simclr pictures --split test
    pretrain: split must be left out for data without splits. Got 'test'. Leave it out.
nearfar pretrain simclr fashion-mini --split tset
    pretrain: split must be one of train, test. Got 'tset'. Try 'train'.
nearfar pretrain simclr pictures --truncated maybe
    Reading: truncated must be 'skip' or 'use'. Got 'maybe'. Try 'skip'.
nearfar pretrain simclr pictures --validation flat
    evaluate: validation data must be labelled, with at least 2 classes. Got '0 classes in flat'. Put the pictures
    of each class into a folder of its own.
nearfar pretrain simclr pictures --validation nowhere
    validation: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar pretrain simclr pictures --validation cats
    evaluate: validation data must be labelled, with at least 2 classes. Got '0 classes in cats'. Put the pictures
    of each class into a folder of its own.
nearfar pretrain supervised flat
    Supervised: num_classes must be at least 2 classes that the data's labels name. Got 0. Give data with labels.

# Texts and captions
nearfar pretrain simcse pictures
    pretrain: data must be a text file (.txt), a table (.csv, .tsv, .jsonl, .parquet) or a folder of either. Got
    'pictures, a folder without one'. Name a file of texts.
nearfar pretrain simcse latin.txt
    pretrain: data must be text in UTF-8. Got 'latin.txt, line 2: the bytes e9 0a'. Save it as UTF-8, as by
    `iconv -f WINDOWS-1252 -t UTF-8`.
nearfar pretrain simcse blank.txt
    pretrain: data must be at least one text. Got 'blank.txt, which is empty'. Name a file of texts.
nearfar pretrain simcse uneven.csv
    pretrain: data must be a table of 2 values a line. Got 'uneven.csv, line 3: two'. Correct the line, or
    remove it.
nearfar pretrain simcse broken.jsonl
    pretrain: data must be a JSON object a line. Got 'broken.jsonl, line 2: {"text":'. Correct the line, or
    remove it.
nearfar pretrain simcse pairs.csv --text-column heading
    pretrain: text_column must be a column of the data. Got 'heading'. Choose from anchor, positive.
nearfar pretrain simcse lines.txt --text-column text
    pretrain: text_column must be left out for text without columns. Got 'text'. Leave it out.
nearfar pretrain simcse pairs.csv --text-column anchor --positive-column positive
    pretrain: text_column must be left out beside positive_column. Got 'anchor'. Name the columns of one text,
    or of pairs.
nearfar pretrain simcse scored.csv
    pretrain: data must be pairs that belong together, and these have scores. Got 'scored.csv, of anchor and
    positive'. Name one column by --text-column, or keep the pairs that are alike.
nearfar pretrain maskedlanguage pairs.csv
    pretrain: data must be single texts, which maskedlanguage learns from. Got 'pairs.csv, of anchor and
    positive'. Name one column by --text-column.
nearfar pretrain dualencoder lines.txt
    pretrain: data must be questions with the passages that answer them. Got 'lines.txt, of text'. Name their
    columns by --anchor-column and --positive-column.
nearfar pretrain dualencoder pairs.csv --anchor-column anchor --negative-column wrong
    pretrain: negative_column must be a column of the data. Got 'wrong'. Choose from anchor, positive.
nearfar pretrain nextsentence pairs.csv --text-column anchor
    Sentences: data must be running text. Got 'pairs.csv'. Name a .txt file with a sentence a line and two empty
    lines between documents.
nearfar pretrain sentenceorder lines.txt --batch-size 64
    SentenceOrder: batch_size must be between 1 and 18, the number of examples. Got 64. Try 18.
nearfar pretrain simcse lines.txt --pooling middle
    pretrain: pooling must be one of mean, cls, last. Got 'middle'. Choose from cls, last, mean.
nearfar pretrain simcse lines.txt --vocab-size 10
    pretrain: vocab_size must be at least 300. Got 10. Try 8000.
nearfar pretrain simcse lines.txt --max-length 2
    pretrain: max_length must be at least 4. Got 2. Try 64.
nearfar pretrain simcse lines.txt --backbone bert
    backbone: name must be one of transformer, causal, lstm, gru. Got 'bert'. Choose from causal, gru, lstm,
    transformer.
nearfar pretrain simclr lines.txt --size 32
    pretrain: size must be left out for texts. Got 32. Leave it out.
nearfar pretrain simclr pictures --depth 2
    pretrain: depth must be left out for pictures. Got 2. Leave it out.
nearfar pretrain cpc lines.txt
    pretrain: data must be a folder, zip, tar, parquet, Arrow, npy, npz or idx file of pictures, or a CSV of
    their paths. Got 'lines.txt'. Name the folder that holds the pictures.
nearfar pretrain nexttoken lines.txt --backbone transformer
    NextToken: backbone must be a network that reads forwards alone. Got 'TextTransformer'. Try the backbone
    'causal'.
nearfar pretrain nexttoken lines.txt --pooling cls
    TextTransformer: pooling must be 'mean' or 'last' for a causal network, whose first token has seen no other.
    Got 'cls'. Try 'last'.
nearfar pretrain simcse lines.txt --init runs/first
    pretrain: init must be an encoder of texts. Got 'one of image'. Name a run on texts.
nearfar pretrain simcse lines.txt --init nowhere
    pretrain: init must be a run with an encoder, or hf:NAME. Got 'nowhere'. Name the folder of a run on texts.
nearfar pretrain simcse lines.txt --init runs/words --dim 32
    pretrain: dim must be left out beside init, whose dim holds. Got 32. Leave out one of the two.
nearfar pretrain clip pictures
    pretrain: data must be pictures with captions. Got 'pictures, which has no captions'. Put a captions.csv
    with the columns file_name and caption into the folder of pictures.
nearfar pretrain clip lines.txt
    pretrain: data must be a folder, zip, tar, parquet, Arrow, npy, npz or idx file of pictures, or a CSV of
    their paths. Got 'lines.txt'. Name the folder that holds the pictures.
nearfar pretrain clip captioned --text-column heading
    pretrain: text_column must be a column of the data. Got 'heading'. Choose from caption, file_name.
nearfar pretrain clip nameless
    pretrain: data must be a table with a column of paths. Got ['number', 'caption']. Name the column of paths
    with image_column.
nearfar pretrain clip captioned --backbone small
    pretrain: backbone must be the networks of pictures and of texts. Got 'small'. Try small+transformer.
nearfar pretrain clip captioned --frozen both
    nearfar pretrain clip: --frozen must be one of none, image, text. Got 'both'. Choose from image, none, text.
nearfar pretrain clip captioned --temperature 5
    CLIP: temperature must be from 0.01 to 1. Got 5.0. Try 0.1.
nearfar finetune runs/words lines.txt
    finetune: data must be labelled. Got 'no label in lines.txt'. Name the column of labels, or put the pictures
    of each class into a folder of its own.
nearfar evaluate runs/words pictures
    evaluate: data must be a text file (.txt), a table (.csv, .tsv, .jsonl, .parquet) or a folder of either. Got
    'pictures, a folder without one'. Name a file of texts.
nearfar evaluate runs/words lines.txt
    evaluate: training data must be labelled, with at least 2 classes. Got '0 classes in lines.txt'. Name the
    labels by --label-column, or pairs by --anchor-column and --positive-column.
nearfar evaluate runs/words scored.csv --probes linear
    evaluate: probes must be of sts for pairs of texts with scores and without labels. Got 'linear'. Name the
    labels by --label-column.
nearfar embed runs/words pictures --out new.parquet
    embed: data must be a text file (.txt), a table (.csv, .tsv, .jsonl, .parquet) or a folder of either. Got
    'pictures, a folder without one'. Name a file of texts.
nearfar embed runs/first lines.txt --out new.parquet
    embed: data must be a folder, zip, tar, parquet, Arrow, npy, npz or idx file of pictures, or a CSV of their
    paths. Got 'lines.txt'. Name the folder that holds the pictures.

# Series
nearfar pretrain mae short.npy
    pretrain: steps must be at least 8, along the last axis. Got '2 of shape (24, 32, 2)'. Put steps last.
nearfar pretrain mae uneven.npy
    pretrain: data must be of series without gaps, all of one length. Got '24 that cannot be used, first 0: shorter
    than others'. Fill the gaps, and cut or resample to one length.
nearfar pretrain mae uncounted.npz
    pretrain: labels must be one for each of 24 series. Got 23. Align them.
nearfar pretrain mae series.npz --backbone small
    MAE: backbone must be a plain vision transformer of timm. Got 'SmallResNet'. Try --backbone vit_tiny, or vit for
    series.
nearfar pretrain mae series.npz --backbone resnet18
    backbone: name must be one of small, vit for series. Got 'resnet18'. Choose from small, vit.
nearfar pretrain mae series.npz --mask-ratio 1.5
    MAE: mask_ratio must be below 1. Got 1.5. Try 0.75.
nearfar pretrain mae series.npz --block 40
    patch_mask: block must be from 1 to 32 patches, the grid's length. Got 40. Try 1.
nearfar pretrain mae series.npz --decoder-dim 30
    PatchDecoder: decoder_dim must be a multiple of 4. Got 30. Try 32.
nearfar pretrain mae series.npz --size 4
    pretrain: size must be at least 8. Got 4. Try 64.
nearfar pretrain mae series.npz --stem small
    pretrain: stem must be left out for series. Got 'small'. Leave it out.
nearfar pretrain mae series.npz --without flip
    pretrain: without must be left out for series. Got ['flip']. Leave it out.
nearfar pretrain mae series.npz --split test
    pretrain: split must be left out for data without splits. Got 'test'. Leave it out.
nearfar pretrain mae series.npz --label-column y
    pretrain: label_column must be left out for data without columns. Got 'y'. Leave it out.
nearfar pretrain mae series.npz --init timm:resnet18
    pretrain: init must be a run on series. Got 'timm:resnet18'. Name the folder of such a run.
nearfar pretrain mae series.npz --init runs/first
    pretrain: init must be a run on series. Got 'runs/first, one on pictures'. Name the folder of such a run.
nearfar pretrain denoisingautoencoder series.npz --strength 0
    DenoisingAutoencoder: strength must be above 0. Got 0.0. Try 0.5.
nearfar pretrain jigsaw series.npz
    pretrain: data must be pictures. Got 'series'. Name other data, or another method.
nearfar pretrain autoencoder complex.npy
    pretrain: data must be uint8 pictures of shape (n, h, w) or (n, h, w, c). Got 'complex64 of shape (24, 2, 32)'.
    Scale it to 0 ... 255: (255 * array).astype('uint8').
nearfar evaluate runs/waves single.npy
    evaluate: data must be series of 2 channels, as the encoder reads them. Got 1. Give series of that kind.
nearfar evaluate runs/waves pictures
    evaluate: data must be a .npy or .npz file, or an array. Got 'pictures'. Save the series by numpy.savez.
nearfar embed runs/waves single.npy --out new.parquet
    embed: data must be series of 2 channels, as the encoder reads them. Got 1. Give series of that kind.
nearfar embed runs/first series.npz --out new.parquet
    embed: data must be uint8 pictures of shape (n, h, w) or (n, h, w, c). Got 'float32 of shape (24, 2, 32)'. Scale
    it to 0 ... 255: (255 * array).astype('uint8').
nearfar evaluate runs/waves series.npz --probes sts
    evaluate: probes must be of knn, linear, fewshot, ridge, cluster, retrieval, finetune for series. Got 'sts'.
    Leave it out.
nearfar export runs/waves --format timm --out new
    export: run must be a picture model of timm with its own stem, for timm. Got 'small'. Try --format onnx or
    safetensors.
nearfar sweep autoencoder series.npz --study augmentations
    sweep: data must be of pictures, whose views have augmentations to leave out. Got 'series'. Choose another
    study.

# Options and names
nearfar pretrain simclr pictures --temperatures 0.1
    nearfar pretrain simclr: option must be one that `nearfar pretrain simclr --help` lists. Got '--temperatures'.
    Did you mean '--temperature'?
nearfar pretrain simclr pictures --temperatures=0.1
    nearfar pretrain simclr: option must be one that `nearfar pretrain simclr --help` lists. Got '--temperatures'.
    Did you mean '--temperature'?
nearfar pretrain simclr pictures --steps
    nearfar pretrain simclr: --steps must be followed by a value. Got nothing. Type `nearfar pretrain simclr
    --help`.
nearfar pretrain simclr pictures --steps two
    nearfar pretrain simclr: --steps must be a whole number. Got 'two'. Type `nearfar pretrain simclr --help`.
nearfar pretrain simclr pictures --steps 1.5
    nearfar pretrain simclr: --steps must be a whole number. Got '1.5'. Type `nearfar pretrain simclr --help`.
nearfar pretrain simclr pictures --temperature warm
    nearfar pretrain simclr: --temperature must be a number. Got 'warm'. Type `nearfar pretrain simclr --help`.
nearfar pretrain simclr pictures --steps 1 --steps 2
    nearfar pretrain simclr: --steps must be given once. Got it twice. Leave out one of the two.
nearfar pretrain simclr pictures --log
    nearfar pretrain simclr: --log must be followed by a value. Got nothing. Type `nearfar pretrain simclr
    --help`.
nearfar pretrain simclr pictures --log tensorbord
    pretrain: log must be one of mlflow, tensorboard, wandb. Got 'tensorbord'. Did you mean 'tensorboard'?
nearfar pretrain simclr pictures --backbone resnt18
    backbone: name must be 'small' or a timm model. Got 'resnt18'. Did you mean 'resnet18'?
nearfar pretrain simclr pictures --optimizer adam
    pretrain: optimizer must be one of adamw, lars, muon, sgd. Got 'adam'. Did you mean 'adamw'?
nearfar pretrain simclr pictures --stem tiny
    pretrain: stem must be one of small, standard. Got 'tiny'. Choose from small, standard.
nearfar pretrain simclr pictures --stem small --backbone mobilenetv3_small_050
    backbone: stem must be 'standard' for mobilenetv3_small_050. Got 'small'. The small stem exists for ResNets
    and ViTs.
nearfar pretrain simclr pictures --backbone swin_tiny_patch4_window7_224
    pretrain: size must be one that the backbone 'swin_tiny_patch4_window7_224' takes. Got "16, in parts of the
    run 8: ...". Try another --size or --backbone.
nearfar pretrain simclr pictures --precision bf16
    pretrain: precision must be one of auto, 32-true, bf16-mixed, 16-mixed, 64-true. Got 'bf16'. Choose from
    16-mixed, 32-true, 64-true, auto, bf16-mixed.
nearfar pretrain simclr pictures --precision 16-mixed
    pretrain: precision must be one that this machine computes in, which has no GPU. Got '16-mixed'. Try
    --precision auto.
nearfar pretrain simclr pictures --init nowhere.pt
    pretrain: init must be a run folder, a file of weights or timm:NAME. Got 'nowhere.pt: no such file'. Check the
    path.
nearfar pretrain simclr pictures --init notes.txt
    pretrain: init must be a run folder, a file of weights or timm:NAME. Got 'notes.txt: ...'. Check the path.
nearfar pretrain mae pictures --init object.pth
    pretrain: init must be a run folder, a file of weights or timm:NAME. Got 'object.pth: holds
    torch.nn.modules.linear.Linear, which could run code'. Save its weights alone.
nearfar pretrain mae pictures --init torn.pth
    pretrain: init must be a run folder, a file of weights or timm:NAME. Got 'torn.pth: ...'. Check the path.
nearfar pretrain mae pictures --init nothing.pth
    pretrain: init must be weights of this backbone (150 tensors). Got '0 that fit in nothing.pth'. Give the
    --backbone, --size and --stem that the weights were trained with.
nearfar pretrain simclr pictures --init hf:path/to/model
    pretrain: init must be a run, a file or folder of weights, or timm:NAME for pictures. Got 'hf:path/to/model'. Name
    a folder without hf:.
nearfar pretrain simclr pictures --init runs/first --backbone resnet18
    pretrain: init must be weights of this backbone (120 tensors). Got '5 that fit in runs/first'. Give the
    --backbone, --size and --stem that the weights were trained with.
nearfar pretrain simclr pictures --init timm:resnt18
    backbone: name must be 'small' or a timm model. Got 'resnt18'. Did you mean 'resnet18'?
nearfar pretrain simclr pictures --init timm:resnet18
    pretrain: init must be weights that can be read, or downloaded from here. Got 'timm:resnet18: ...'. Look at the
    path, or at the network.
nearfar pretrain simclr pictures --init timm:resnet18 --backbone resnet50
    pretrain: backbone must be left out, or 'resnet18' as --init says. Got 'resnet50'. Leave out one of the two.
nearfar demo --minutes ten
    nearfar demo: --minutes must be a number. Got 'ten'. Type `nearfar demo --help`.

# Numbers
nearfar pretrain simclr pictures --epochs 1 --steps 1
    pretrain: epochs and steps must be given one at a time. Got [1.0, 1]. Leave out all but one.
nearfar pretrain simclr pictures --epochs 1 --minutes 1
    pretrain: epochs and minutes must be given one at a time. Got [1.0, 1.0]. Leave out all but one.
nearfar pretrain simclr pictures --steps 0
    pretrain: steps must be above 0. Got 0. Try 1000.
nearfar pretrain simclr pictures --steps -3
    pretrain: steps must be above 0. Got -3. Try 1000.
nearfar pretrain simclr pictures --steps 99999999999999999999
    pretrain: steps must be at most 1,000,000,000. Got 99999999999999999999. Try 1000.
nearfar pretrain simclr pictures --epochs 0
    pretrain: epochs must be above 0. Got 0.0. Try 10.
nearfar pretrain simclr pictures --epochs nan
    pretrain: epochs must be a finite number. Got nan. Try 10.
nearfar pretrain simclr pictures --minutes -1
    pretrain: minutes must be above 0. Got -1.0. Try 10.
nearfar pretrain simclr pictures --minutes inf
    pretrain: minutes must be a finite number. Got inf. Try 10.
nearfar pretrain simclr pictures --seed -1
    pretrain: seed must be at least 0. Got -1. Try 0.
nearfar pretrain simclr pictures --size 0
    pretrain: size must be at least 8. Got 0. Try 64.
nearfar pretrain simclr pictures --size 100000
    pretrain: size must be at most 4,096. Got 100000. Try 64.
nearfar pretrain simclr pictures --examples 0
    pretrain: examples must be at least 1. Got 0. Try 1000.
nearfar pretrain simclr pictures --examples 41
    pretrain: examples must be from 1 to 40, the number of examples in pictures. Got 41. Try 40, or leave it out.
nearfar pretrain simclr pictures --without flop
    Policy: without must be of crop, flip, color, grayscale, blur, solarize. Got 'flop'. Did you mean 'flip'?
nearfar pretrain simclr pictures --batch-size 1
    SimCLR: batch_size must be between 2 and 40, the number of examples. Got 1. Try 2.
nearfar pretrain simclr pictures --batch-size 41
    SimCLR: batch_size must be between 2 and 40, the number of examples. Got 41. Try 40.
nearfar pretrain simclr pictures --batch-size 9 --accumulate 2
    SimCLR: batch_size must be a multiple of 2 between 4 and 40, the number of examples. Got 9. Try 8.
nearfar pretrain simclr pictures --accumulate 0
    pretrain: accumulate must be at least 1. Got 0. Try 1.
nearfar pretrain simclr pictures --accumulate 30
    pretrain: accumulate must be at most 20 for 40 examples. Got 30. Try 1.
nearfar pretrain simclr pictures --learning-rate 0
    pretrain: learning_rate must be above 0. Got 0.0. Try 0.01.
nearfar pretrain simclr pictures --learning-rate nan
    pretrain: learning_rate must be a finite number. Got nan. Try 0.01.
nearfar pretrain simclr pictures --weight-decay -1
    pretrain: weight_decay must be at least 0. Got -1.0. Try 0.
nearfar pretrain simclr pictures --clip 0
    pretrain: clip must be above 0. Got 0.0. Try 1, or leave it out.
nearfar pretrain simclr pictures --devices 0
    pretrain: devices must be at least 1. Got 0. Try 1.
nearfar pretrain simclr pictures --devices 100000
    pretrain: devices must be at most .... Got 100000. Try 1.
nearfar pretrain simclr pictures --workers -1
    pretrain: workers must be at least 0. Got -1. Try 2.
nearfar pretrain simclr pictures --workers 100000
    pretrain: workers must be at most .... Got 100000. Try 2.
nearfar pretrain simclr pictures --temperature 0
    SimCLR: temperature must be above 0. Got 0.0. Try 0.2.
nearfar pretrain simclr pictures --temperature -1
    SimCLR: temperature must be above 0. Got -1.0. Try 0.2.
nearfar pretrain mae pictures --mask-ratio 0
    MAE: mask_ratio must be above 0. Got 0.0. Try 0.75.
nearfar pretrain mae pictures --mask-ratio 1
    MAE: mask_ratio must be below 1. Got 1.0. Try 0.75.
nearfar pretrain mae pictures --block 9
    patch_mask: block must be from 1 to 8 patches, the grid's shorter side. Got 9. Try 1.
nearfar pretrain mae pictures --decoder-dim 130
    PatchDecoder: decoder_dim must be a multiple of 4. Got 130. Try 128.
nearfar pretrain mae pictures --size 30
    MAE: size must be a multiple of the patch size 4. Got 30. Try --size 32.
nearfar pretrain mae pictures --backbone small
    MAE: backbone must be a plain vision transformer of timm. Got 'SmallResNet'. Try --backbone vit_tiny, or vit for
    series.
nearfar pretrain denoisingautoencoder pictures --strength 0
    DenoisingAutoencoder: strength must be above 0. Got 0.0. Try 0.5.
nearfar pretrain denoisingautoencoder pictures --strength 1
    corrupt: strength must be a part between 0 and 1 with 'masking' noise. Got 1.0. Try 0.5.
nearfar pretrain denoisingautoencoder pictures --noise salt
    nearfar pretrain denoisingautoencoder: --noise must be one of masking, gaussian, salt_and_pepper, blur. Got
    'salt'. Choose from blur, gaussian, masking, salt_and_pepper.
nearfar pretrain autoencoder pictures --num-active 500
    Autoencoder: num_active must be from 1 to 128, the width of the latent. Got 500. Try 16, or leave it out.
nearfar pretrain jigsaw pictures --num-orders 1
    far_permutations: count must be from 2 to 4,993 for 9 pieces. Got 1. Try 100.
nearfar pretrain simclr pictures --hidden-dim 0
    SimCLR: hidden_dim must be at least 1. Got 0. Try 2048.
nearfar pretrain simclr pictures --hidden-dim 1000000000
    pretrain: memory must be at least ... GiB, for network and views. Got '... GiB'. Try a smaller --batch-size,
    --size or network.
nearfar demo --minutes 0
    demo: minutes must be above 0. Got 0.0. Try 10.
nearfar demo --seed -1
    demo: seed must be at least 0. Got -1. Try 0.
nearfar pretrain supervised pictures --num-classes 5
    nearfar pretrain supervised: option must be one that `nearfar pretrain supervised --help` lists. Got
    '--num-classes'. Did you mean '--on-collapse'?

# Where a run goes
nearfar pretrain simclr pictures --out runs/first
    pretrain: out must be a new folder. Got 'runs/first'. Go on with that run by `nearfar resume runs/first`, or
    choose another --out.
nearfar pretrain simclr pictures --out flat
    pretrain: out must be a new or empty folder. Got 'flat'. Choose another --out.
nearfar pretrain simclr pictures --out notes.txt
    pretrain: out must be a folder. Got 'the file notes.txt'. Choose another --out.
nearfar pretrain simclr pictures --out notes.txt/run
    pretrain: out must be a folder. Got 'the file notes.txt/run'. Choose another --out.
nearfar pretrain simclr pictures --out pictures/run
    pretrain: out must be outside of the data, the folder pictures. Got 'pictures/run'. Try --out ../run.
nearfar pretrain simclr pictures --out /proc/run
    pretrain: out must be a folder you can write. Got '/proc/run: ...'. Choose another --out.

# Runs
nearfar resume runs/fist
    nearfar: run.json must be in the folder runs/fist. Got 'no such folder'. Did you mean 'runs/first'?
nearfar resume pictures
    nearfar: run.json must be in the folder pictures. Got 'no such file'. Name a run's folder.
nearfar resume notes.txt
    nearfar: run.json must be in the folder notes.txt. Got 'a file'. Name a run's folder.
nearfar resume runs/torn
    nearfar: runs/torn/run.json must be a readable JSON file. Got '...'. Restore it or train anew.
nearfar resume runs/newer
    nearfar: runs/newer/run.json must be of schema 1 or older. Got 1000. Upgrade nearfar.
nearfar resume runs/sounds
    resume: run must be of modality image or text or image-text or series. Got 'sound'. Upgrade nearfar, or name
    another run.
nearfar resume runs/incomplete
    resume: runs/incomplete/run.json must be whole, with its modality. Got None. Restore it or train anew.
nearfar resume runs/odd-method
    run.json: method must be one that `nearfar methods` lists. Got 'simclrr'. Did you mean 'simclr'?
nearfar resume runs/odd-settings
    run.json: steps must be of type int. Got 'ten'. Restore run.json or train anew.
nearfar resume runs/older
    run.json: settings must be those of this version. Got [...]. Train anew.
nearfar resume runs/odd-reading
    run.json: reading must be how this version reads data. Got "Reading: truncated must be 'skip' or 'use'. Got
    'perhaps'. Try 'skip'.". Restore it or train anew.
nearfar resume runs/homeless
    resume: data must be where it was when the run began. Got '.../gone'. Say by --data where it is now.
nearfar resume runs/in-memory
    resume: data must be given. Got None. The run learned from an object in memory; pass it again.
nearfar resume runs/other-data
    resume: data must be what the run began with (...). Got '...'. Restore the data or train anew.
nearfar resume runs/first --data others
    resume: data must be what the run began with (...). Got '...'. Restore the data or train anew.
nearfar resume runs/torn-checkpoint
    resume: runs/torn-checkpoint/last.ckpt must be a readable checkpoint. Got '...'. Restore it or train anew.
nearfar resume runs/no-checkpoint
    resume: runs/no-checkpoint/last.ckpt must be a readable checkpoint. Got '...'. Restore it or train anew.
nearfar resume runs/first --devices 0
    resume: devices must be at least 1. Got 0. Try 1.
nearfar report pictures
    nearfar: run.json must be in the folder pictures. Got 'no such file'. Name a run's folder.
nearfar report runs/torn
    nearfar: runs/torn/run.json must be a readable JSON file. Got '...'. Restore it or train anew.
nearfar report runs/newer
    nearfar: runs/newer/run.json must be of schema 1 or older. Got 1000. Upgrade nearfar.
nearfar resume runs/odd-options
    SimCLR: option must be one of hidden_dim, projection_dim, temperature. Got 'temperatures'. Did you mean
    'temperature'?

# Judging
nearfar evaluate pictures pictures
    nearfar: encoder.json must be in the folder pictures. Got 'no such file'. Name a run's folder.
nearfar evaluate runs/fist pictures
    nearfar: encoder.json must be in the folder runs/fist. Got 'no such folder'. Did you mean 'runs/first'?
nearfar evaluate runs/unfinished pictures
    load: runs/unfinished must be a run with an encoder. Got 'no encoder.json'. Finish it by `nearfar resume
    runs/unfinished`.
nearfar evaluate runs/weightless pictures
    load: runs/weightless must be a run with an encoder. Got 'no encoder.safetensors'. Finish it by `nearfar
    resume`.
nearfar evaluate runs/torn-weights pictures
    load: runs/torn-weights must be an undamaged encoder. Got '...'. Restore it or train anew.
nearfar evaluate runs/torn-encoder pictures
    nearfar: runs/torn-encoder/encoder.json must be a readable JSON file. Got '...'. Restore it or train anew.
nearfar evaluate runs/newer-encoder pictures
    nearfar: runs/newer-encoder/encoder.json must be of schema 1 or older. Got 1000. Upgrade nearfar.
nearfar evaluate runs/sound-encoder pictures
    load: run must be of modality image or text or image-text or series. Got 'sound'. Upgrade nearfar, or name
    another run.
nearfar evaluate runs/small-encoder pictures
    load: runs/small-encoder must be an undamaged encoder. Got '...'. Restore it or train anew.
nearfar evaluate runs/first nowhere
    evaluate: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar evaluate runs/first flat
    evaluate: training data must be labelled, with at least 2 classes. Got '0 classes in flat'. Put the pictures
    of each class into a folder of its own.
nearfar evaluate runs/first cats
    evaluate: training data must be labelled, with at least 2 classes. Got '0 classes in cats'. Put the pictures
    of each class into a folder of its own.
nearfar evaluate runs/first lone
    evaluate: data must be of at least 2 pictures in each of 2 classes, one to fit on and one to judge by. Got '1
    of class cat'. Add pictures, or leave the class out.
nearfar evaluate runs/first pictures --probes nkn
    evaluate: probes must be of knn, linear, fewshot, ridge, cluster, retrieval, sts, passages, zeroshot,
    finetune. Got 'nkn'. Did you mean 'knn'?
nearfar evaluate runs/first pictures --probes
    nearfar evaluate: --probes must be followed by a value. Got nothing. Type `nearfar evaluate --help`.
nearfar evaluate runs/first pictures --test others
    evaluate: test must be data with the classes of the training data. Got 'down, left, right, up'. Name the
    classes alike.
nearfar evaluate runs/first pictures --test flat
    evaluate: test must be data with the classes of the training data. Got 'left, right'. Name the classes alike.
nearfar evaluate runs/first pictures --test nowhere
    evaluate test: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose
    from fashion-mini.
nearfar evaluate runs/first pictures --split test
    evaluate: split must be left out for data without splits. Got 'test'. Leave it out.
nearfar evaluate runs/first pictures --seed -1
    evaluate: seed must be at least 0. Got -1. Try 0.
nearfar evaluate runs/first pictures --held-out clases
    evaluate: held_out must be examples or classes. Got 'clases'. Did you mean 'classes'?
nearfar evaluate runs/first pictures --held-out classes
    evaluate: data must be of at least 3 classes, 2 of them with 2 examples or more. Got '2 classes in pictures, 2 of
    them with 2 examples or more'. Name the column of labels, or put the pictures of each class into a folder of
    its own.
nearfar evaluate runs/first pictures --held-out classes --probes retrieval knn
    evaluate: probes must be of retrieval, cluster, fewshot where classes are held out: nothing is fitted on them.
    Got 'knn'. Leave it out.
nearfar evaluate runs/first pictures --held-out classes --test others
    evaluate: test must be left out where classes are held out. Got 'others'. Name the data of all classes alone.
nearfar evaluate runs/first pictures --held-out classes --layers
    evaluate: layers must be left out where classes are held out: nothing is fitted on them. Got True. Leave one of
    the two out.
nearfar evaluate object.pth pictures
    load: object.pth must be a run's folder, or weights of a vision transformer. Got 'holds
    torch.nn.modules.linear.Linear, which could run code'. Name a run's folder.
nearfar evaluate nothing.pth pictures
    load: nothing.pth must be a run's folder, or weights of a vision transformer. Got '1 tensors of another kind'. Name
    a run's folder.
nearfar transfer runs/first
    nearfar transfer: DATASETS must be given. Got nothing. Type `nearfar transfer --help`.
nearfar transfer runs/first pictures nowhere
    transfer: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar transfer runs/first pictures flat
    transfer: training data must be labelled, with at least 2 classes. Got '0 classes in flat'. Put the pictures of
    each class into a folder of its own.
nearfar transfer runs/first pictures --probes nkn
    transfer: probes must be of knn, linear, fewshot, ridge, cluster, retrieval, sts, passages, zeroshot. Got
    'nkn'. Did you mean 'knn'?
nearfar transfer pictures others
    nearfar: encoder.json must be in the folder pictures. Got 'no such file'. Name a run's folder.
nearfar evaluate runs/first pictures --json=5
    nearfar evaluate: --json must be given without a value. Got '5'. Type `nearfar evaluate --help`.
nearfar evaluate runs/torn-seen pictures
    evaluate: runs/torn-seen/seen.npz must be the hashes of training pictures. Got '...'. Restore it, or remove it
    and do without its warning.

# Fine-tuning and predicting
nearfar finetune runs/first pictures --labels 0
    finetune: labels must be a fraction above 0 and at most 1. Got 0.0. Try 0.1.
nearfar finetune runs/first pictures --labels few
    nearfar finetune: --labels must be a number. Got 'few'. Type `nearfar finetune --help`.
nearfar finetune runs/first flat
    finetune: data must be labelled. Got 'no label in flat'. Name the column of labels, or put the pictures of each
    class into a folder of its own.
nearfar finetune runs/first pictures --epochs 1 --steps 2
    finetune: epochs and steps must be given one at a time. Got [1.0, 2]. Leave out all but one.
nearfar finetune runs/unfinished pictures
    load: runs/unfinished must be a run with an encoder. Got 'no encoder.json'. Finish it by `nearfar resume
    runs/unfinished`.
nearfar finetune nowhere pictures
    nearfar: encoder.json must be in the folder nowhere. Got 'no such folder'. Name a run's folder.
nearfar predict runs/first pictures
    nearfar predict: --out must be given. Got nothing. Type `nearfar predict --help`.
nearfar predict runs/first pictures --out new.csv
    predict: runs/first must be a run with a classifier. Got 'an encoder alone'. Train one by `nearfar finetune
    runs/first DATA`.
nearfar predict runs/first pictures --out notes.txt
    predict: out must be a new file, or an older file of predictions. Got 'notes.txt, which holds something else'.
    Choose another --out.
nearfar predict runs/first pictures --out no/such/predictions.csv
    predict: out must be a file in an existing folder. Got 'no/such/predictions.csv'. Try --out predictions.csv.

# Comparing
nearfar compare
    nearfar compare: RUNS must be given. Got nothing. Type `nearfar compare --help`.
nearfar compare runs/first
    compare: runs must be at least 2 different folders. Got ['runs/first']. Name another run.
nearfar compare nowhere runs/first
    nearfar: run.json must be in the folder nowhere. Got 'no such folder'. Name a run's folder.
nearfar compare runs/first runs/unfinished
    compare: runs/first must be judged already. Got 'no scores.json'. Type `nearfar evaluate runs/first pictures`.
nearfar compare runs/first runs/unfinished --out notes.txt
    compare: out must be a new file, or an older page. Got 'notes.txt, which holds something else'. Choose another
    --out.

# Sweeping
nearfar sweep simclrr pictures
    nearfar sweep: method must be one that `nearfar methods` lists. Got 'simclrr'. Did you mean 'simclr'?
nearfar sweep simclr
    nearfar sweep simclr: DATA must be given. Got nothing. Type `nearfar sweep simclr --help`.
nearfar sweep simclr pictures --temperatures 0.1 0.2
    nearfar sweep simclr: option must be one that `nearfar sweep simclr --help` lists. Got '--temperatures'. Did you
    mean '--temperature'?
nearfar sweep simclr nowhere --temperature 0.1 0.2
    sweep: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar sweep simclr pictures --temperature
    nearfar sweep simclr: --temperature must be followed by a value. Got nothing. Type `nearfar sweep simclr --help`.
nearfar sweep simclr pictures --temperature 0.1 warm
    sweep: temperature must be a number. Got 'warm'. List values, as in 0.1 0.2, or give a range, as in 0.1..0.5.
nearfar sweep simclr pictures --temperature 0.1 0
    SimCLR: temperature must be above 0. Got 0.0. Try 0.2.
nearfar sweep simclr pictures --steps 10 1.5
    sweep: steps must be a whole number. Got '1.5'. List values, as in 0.1 0.2, or give a range, as in 0.1..0.5.
nearfar sweep simclr pictures --steps 10 --epochs 1
    sweep: epochs and steps must be given one at a time. Got [['1'], ['10']]. Leave out all but one.
nearfar sweep simclr pictures --temperature 0.1..0.5
    sweep: temperature must be a list of values in a grid. Got '0.1..0.5'. List its values, or say --sampler random.
nearfar sweep simclr pictures --temperature 0.5..0.1 --sampler random
    sweep: temperature must be a range that rises. Got '0.5..0.1'. Try 0.1..0.5.
nearfar sweep simclr pictures --backbone small..resnet18
    sweep: backbone must be a list of values. Got 'small..resnet18'. A range is for numbers.
nearfar sweep simclr pictures --without flip flop
    Policy: without must be of crop, flip, color, grayscale, blur, solarize. Got 'flop'. Did you mean 'flip'?
nearfar sweep simclr pictures --optimizer sgd adam
    sweep: optimizer must be one of adamw, lars, muon, sgd. Got 'adam'. Did you mean 'adamw'?
nearfar sweep simclr pictures --sampler tpee
    sweep: sampler must be one of grid, random, tpe. Got 'tpee'. Did you mean 'tpe'?
nearfar sweep simclr pictures --trials 5
    sweep: trials must be left out for a grid, which tries all. Got 5. Leave it out, or say --sampler random.
nearfar sweep simclr pictures --sampler random --trials 5
    sweep: grid must be of several values, or a range, to draw from. Got []. Give one, e.g. --temperature 0.05..0.5.
nearfar sweep simclr pictures --at-once 0
    sweep: at_once must be at least 1. Got 0. Try 1.
nearfar sweep simclr pictures --study augmentation
    sweep: study must be one of augmentations, data-size, batch-size, backbones. Got 'augmentation'. Did you mean
    'augmentations'?
nearfar sweep simclr pictures --study backbones --sampler random
    sweep: sampler must be 'grid' for the study backbones. Got 'random'. Leave one of them out.
nearfar sweep simclr pictures --study batch-size --steps 5 6
    sweep: steps must be one value in this study. Got [5, 6]. Leave out all but one.
nearfar sweep simclr pictures --by lidra
    sweep: by must be one of linear, knn, lidar, ... alignment. Got 'lidra'. Did you mean 'lidar'?
nearfar sweep simclr flat --by linear
    sweep: by must be one of lidar, ... alignment where there are no labels. Got 'linear'. Leave it out, or give labels.
nearfar sweep simclr flat --test pictures
    sweep: training data must be labelled, with at least 2 classes. Got '0 classes in flat'. Put the pictures of each
    class into a folder of its own.
nearfar sweep simclr pictures --probes nkn
    sweep: probes must be of knn, linear, fewshot, ridge, cluster, retrieval. Got 'nkn'. Did you mean 'knn'?
nearfar sweep simclr pictures --out flat
    sweep: out must be a new folder, or that of a sweep. Got 'flat'. Choose another --out.
nearfar sweep simclr pictures --out notes.txt
    sweep: out must be a folder. Got 'the file notes.txt'. Choose another --out.
nearfar sweep simclr pictures --out pictures/sweep
    sweep: out must be outside of the data, the folder pictures. Got 'pictures/sweep'. Try --out ../sweep.

# Embedding
nearfar embed runs/first pictures
    nearfar embed: --out must be given. Got nothing. Type `nearfar embed --help`.
nearfar embed runs/first nowhere --out new.parquet
    embed: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar embed runs/unfinished pictures --out new.parquet
    load: runs/unfinished must be a run with an encoder. Got 'no encoder.json'. Finish it by `nearfar resume
    runs/unfinished`.
nearfar embed runs/sound-encoder pictures --out new.parquet
    load: run must be of modality image or text or image-text or series. Got 'sound'. Upgrade nearfar, or name
    another run.
nearfar embed runs/first pictures --out no/such/vectors.parquet
    embed: out must be a file in an existing folder. Got 'no/such/vectors.parquet'. Try --out vectors.parquet.
nearfar embed runs/first pictures --out pictures
    embed: out must be a file in an existing folder. Got 'pictures'. Try --out vectors.parquet.
nearfar embed runs/first photos.parquet --out photos.parquet
    embed: out must be a new file, or an older table of embeddings. Got 'photos.parquet, which holds something
    else'. Choose another --out.
nearfar embed runs/first pictures --out notes.txt
    embed: out must be a new file, or an older table of embeddings. Got 'notes.txt, which holds something else'.
    Choose another --out.
nearfar embed runs/first pictures --out /proc/new.parquet
    embed: out must be in a folder you can write. Got '/proc/new.parquet: ...'. Choose another --out.

# Searching
nearfar search vectors.parquet
    nearfar search: QUERIES must be given. Got nothing. Type `nearfar search --help`.
nearfar search nowhere.parquet a
    EmbeddingTable: nowhere.parquet must be a file that `nearfar embed` wrote. Got 'nowhere.parquet'. Write one by
    `nearfar embed RUN DATA --out vectors.parquet`.
nearfar search nowhere.lance a
    lance: nowhere.lance must be a table that is there. Got 'no such folder'. Write it by `nearfar embed RUN DATA
    --out nowhere.lance`.
nearfar search photos.parquet a
    EmbeddingTable: photos.parquet must be a file that `nearfar embed` wrote. Got "a table without the column
    'id'". Write one by `nearfar embed RUN DATA --out vectors.parquet`.
nearfar search vectors.parquet c
    search: queries must be ids of the table, or data for --run. Got 'c'. Name the run that the table was embedded
    by.
nearfar search wide.parquet nowhere --run runs/first
    embed: data must be an existing path or the name of a data set (fashion-mini). Got 'nowhere'. Choose from
    fashion-mini.
nearfar search vectors.parquet flat --run runs/first
    search: run must be one that embeds in 3 dimensions, as the table's does. Got 2048. Name the run that the
    table was embedded by.
nearfar search vectors.parquet a --k 0
    search: k must be at least 1. Got 0. Try 10.

# Exporting
nearfar export runs/first --out exported
    nearfar export: --format must be given. Got nothing. Type `nearfar export --help`.
nearfar export runs/first --format onx --out exported
    export: format must be one of sentence-transformers, transformers, timm, onnx, safetensors. Got 'onx'. Did you
    mean 'onnx'?
nearfar export runs/first --format timm --out exported
    export: run must be a picture model of timm with its own stem, for timm. Got 'small'. Try --format onnx or
    safetensors.
nearfar export runs/first --format transformers --out exported
    export: run must be a Transformer of texts, for transformers. Got 'small'. Try --format onnx or safetensors.
nearfar export runs/first --format safetensors --out flat
    export: out must be a new or empty folder. Got 'flat'. Choose another --out.
nearfar export runs/first --format onnx --out notes.txt
    export: out must be a new file. Got 'notes.txt'. Choose another --out.
nearfar export runs/first --format onnx --out no/such/first.onnx
    export: out must be in an existing folder. Got 'no/such/first.onnx'. Make the folder first.
nearfar export runs/unfinished --format onnx --out first.onnx
    load: runs/unfinished must be a run with an encoder. Got 'no encoder.json'. Finish it by `nearfar resume
    runs/unfinished`.

# Python
nearfar.pretrain("simcrl", "pictures")
    pretrain: method must be one that `nearfar methods` lists. Got 'simcrl'. Did you mean 'simclr'?
nearfar.pretrain(5, "pictures")
    pretrain: method must be one that `nearfar methods` lists. Got 5. Choose from ... and more.
nearfar.pretrain("simclr", None)
    pretrain: data must be a path, the name of a data set or an array. Got 'NoneType'. Name a folder, zip, tar,
    parquet, Arrow, npy, npz or idx file of pictures, or a CSV of their paths.
nearfar.pretrain("simclr", 5)
    pretrain: data must be a path, the name of a data set or an array. Got 'int'. Name a folder, zip, tar,
    parquet, Arrow, npy, npz or idx file of pictures, or a CSV of their paths.
nearfar.pretrain("simclr", "")
    pretrain: data must be a path or a name. Got ''. Name the data of pictures.
nearfar.pretrain("simclr", "pictures", temperatures=0.1)
    SimCLR: option must be one of hidden_dim, projection_dim, temperature. Got 'temperatures'. Did you mean
    'temperature'?
nearfar.pretrain("simclr", "pictures", temperature="warm")
    SimCLR: temperature must be a finite number. Got 'warm'. Try 0.2.
nearfar.pretrain("simclr", "pictures", hidden_dim=2.5)
    SimCLR: hidden_dim must be a whole number. Got 2.5. Try 2048.
nearfar.pretrain("simclr", "pictures", steps="ten")
    pretrain: steps must be a whole number. Got 'ten'. Try 1000.
nearfar.pretrain("simclr", "pictures", steps=True)
    pretrain: steps must be a whole number. Got True. Try 1000.
nearfar.pretrain("simclr", "pictures", log="wandb")
    pretrain: log must be a list of names. Got 'wandb'. Try log=['wandb'].
nearfar.pretrain("simclr", np.zeros((8, 16, 16)))
    pretrain: data must be uint8 pictures of shape (n, h, w) or (n, h, w, c). Got 'float64 of shape (8, 16, 16)'.
    Scale it to 0 ... 255: (255 * array).astype('uint8').
nearfar.pretrain("simclr", np.zeros((8, 3, 16, 16), np.uint8))
    pretrain: data must be uint8 pictures of shape (n, h, w) or (n, h, w, c). Got 'uint8 of shape (8, 3, 16, 16)'.
    Put channels last: array.transpose(0, 2, 3, 1).
nearfar.pretrain("simclr", np.zeros((0, 16, 16), np.uint8))
    pretrain: data must be uint8 pictures of shape (n, h, w) or (n, h, w, c). Got 'uint8 of shape (0, 16, 16)'.
    Reshape it: array.reshape(n, h, w).
nearfar.pretrain("simclr", (np.zeros((8, 16, 16), np.uint8), [0, 1]))
    pretrain: labels must be one for each of 8 pictures. Got 2. Align them.
nearfar.pretrain("simclr", open_source("pictures"), split="train")
    pretrain: split must be None for data that is open. Got 'train'. Name it in open_source.
nearfar.pretrain("simclr", "pictures", size=2.5)
    pretrain: size must be a whole number. Got 2.5. Try 64.
nearfar.evaluate("runs/first", "pictures", probes="knn")
    evaluate: probes must be a list of names. Got 'knn'. Try probes=['knn'].
nearfar.transfer("runs/first", "pictures")
    transfer: datasets must be a list of names. Got 'pictures'. Try datasets=['pictures'].
nearfar.transfer("runs/first", [])
    transfer: datasets must be at least one. Got []. Name a labelled data set.
nearfar.evaluate("runs/first", "pictures", probes=[])
    evaluate: probes must be at least one. Got []. Choose from knn, linear, fewshot, ridge, cluster, retrieval, sts,
    passages, zeroshot, finetune.
nearfar.evaluate(5, "pictures")
    load: run must be a run or its folder. Got 'int'. Name the folder, e.g. 'runs/first'.
nearfar.load("pictures")
    nearfar: encoder.json must be in the folder pictures. Got 'no such file'. Name a run's folder.
nearfar.load(5)
    load: run must be a run or its folder. Got 'int'. Name the folder, e.g. 'runs/first'.
nearfar.embed("runs/first", 5)
    embed: data must be a path, the name of a data set or an array. Got 'int'. Name a folder, zip, tar, parquet,
    Arrow, npy, npz or idx file of pictures, or a CSV of their paths.
Reading(truncated="maybe")
    Reading: truncated must be 'skip' or 'use'. Got 'maybe'. Try 'skip'.
nearfar.search("vectors.parquet", "a")
    search: queries must be a list of names. Got 'a'. Try queries=['a'].
nearfar.search("vectors.parquet", [])
    search: queries must be at least one. Got []. Name an id of the table.
EmbeddingTable.read("notes.txt")
    EmbeddingTable: notes.txt must be a file that `nearfar embed` wrote. Got "...". Write one by `nearfar embed
    RUN DATA --out vectors.parquet`.
EmbeddingTable.read("photos.parquet")
    EmbeddingTable: photos.parquet must be a file that `nearfar embed` wrote. Got "a table without the column
    'id'". Write one by `nearfar embed RUN DATA --out vectors.parquet`.
"""
"""Headings, calls and, indented, their answers."""

INTRODUCTION = """# Wrong calls

Every wrong call, typed in a shell or in Python, gets one sentence: who was called, which argument, what it must be,
what it got, and what to type next. A command then ends with exit code 2 and shows no traceback, unless `--debug` asks
for it; in Python the sentence is that of a `ValueError` or `TypeError`, or of one of their kinds `DataError` and
`RunError`. Nothing is left behind.

The tests make each of the calls below and compare the answer. `...` stands for the words of a library or of the
machine.
"""


class WrongCall(NamedTuple):
    """A call that is refused.

    Attributes:
        group: the heading it stands under.
        call: what is typed: a command, or an expression of Python.
        sentence: the answer.
    """

    group: str
    call: str
    sentence: str

    @property
    def is_command(self) -> bool:
        """Whether it is typed in a shell."""
        return self.call.startswith("nearfar ")

    def is_answered_by(self, said: str) -> bool:
        """Whether the sentence is what was said, `...` being any words."""
        return re.fullmatch(re.escape(self.sentence).replace(r"\.\.\.", ".+"), said) is not None


def _read(table: str) -> tuple[WrongCall, ...]:
    calls: list[WrongCall] = []
    group = ""
    for line in filter(None, table.splitlines()):
        if line.startswith("# "):
            group = line[2:]
        elif line.startswith(" "):
            calls[-1] = calls[-1]._replace(sentence=f"{calls[-1].sentence} {line.strip()}".strip())
        else:
            calls.append(WrongCall(group, line, ""))
    return tuple(calls)


WRONG_CALLS = _read(TABLE)
"""Every wrong call that is tested."""


def page() -> str:
    """The page of the docs."""
    lines = [INTRODUCTION]
    for group in dict.fromkeys(wrong.group for wrong in WRONG_CALLS):
        lines += [f"## {group}\n", "| call | answer |", "|---|---|"]
        lines += [f"| `{wrong.call}` | {wrong.sentence} |" for wrong in WRONG_CALLS if wrong.group == group]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
