"""The data sets that AURA's scenarios and tests know: their files, licences and public addresses."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DataFile", "Dataset", "known_datasets"]

_GITHUB = "https://raw.githubusercontent.com"
_GOEMOTIONS = f"{_GITHUB}/google-research/google-research/7951440944924ac61b6e2f9a2a3c715834005c40/goemotions/data"
# The file of the same bytes has been renamed since.
_SENTIMENT = f"{_GITHUB}/google-research/google-research/b91598b43297db06cca27a29fe2d0442dffea029/goemotions/data"
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist"
_CLINC = f"{_GITHUB}/clinc/oos-eval/828f8093932c8fe6ca7936c3d2e52903b1c523de/data"


@dataclass(frozen=True)
class DataFile:
    """A file or folder of a data set.

    Parameters
    ----------
    name : str
        Its path in the data set's folder.
    url, sha256 : str
        Where it is downloaded from and the checksum of those bytes; empty if it is not to be had by itself or if
        what AURA uses is a part of what the address holds.
    """

    name: str
    url: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Dataset:
    """A data set: what it is, whose terms it is under, and where it comes from."""

    name: str
    summary: str
    licence: str
    address: str
    files: tuple[DataFile, ...]
    note: str = ""

    @property
    def fetchable(self) -> bool:
        """Whether every file can be downloaded."""
        return all(file.url for file in self.files)


def known_datasets() -> dict[str, Dataset]:
    """Return the known data sets by name."""
    sets = (
        Dataset("clinc150", "questions to an assistant in 150 intents, and out of scope (Larson et al. 2019)",
                "CC BY 3.0", "https://github.com/clinc/oos-eval", (
                    DataFile("data_full.json", f"{_CLINC}/data_full.json",
                             "36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0"),
                    DataFile("domains.json", f"{_CLINC}/domains.json",
                             "b947b579d3b8e74b06f93b01083d8efaff2888b43a3e362533bd88a6e1211b3a"),
                ), "The download also holds the test splits `test` and `oos_test`."),
        Dataset("emobank", "sentences with valence, arousal and dominance (Buechel & Hahn 2017)", "CC BY-SA 4.0",
                "https://github.com/JULIELab/EmoBank", (DataFile("emobank.csv"),),
                "Keep the rows of corpus/emobank.csv whose split is train or dev."),
        Dataset("fsdd", "spoken digits, 8 kHz mono (Free Spoken Digit Dataset)", "CC BY-SA 4.0",
                "https://github.com/Jakobovski/free-spoken-digit-dataset", (DataFile("recordings"),),
                "Put its folder recordings there; AURA's figures use the speakers george, jackson, nicolas and theo."),
        Dataset("goemotions", "Reddit comments in 28 emotions, multi-label (Demszky et al. 2020)", "Apache-2.0",
                "https://github.com/google-research/google-research/tree/master/goemotions", (
                    DataFile("train.tsv", f"{_GOEMOTIONS}/train.tsv",
                             "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5"),
                    DataFile("dev.tsv", f"{_GOEMOTIONS}/dev.tsv",
                             "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62"),
                    DataFile("emotions.txt", f"{_GOEMOTIONS}/emotions.txt",
                             "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89"),
                    DataFile("ekman_mapping.json", f"{_GOEMOTIONS}/ekman_mapping.json",
                             "d6b1fea382917c1685c42e1324a0344106be9390f52a3850ce032656d103a328"),
                    DataFile("sentiment_mapping.json", f"{_SENTIMENT}/sentiment_dict.json",
                             "801f6f028082141bd38541a4b14d65b33bdc55d29c7b2aaa029fefecf206f76b"),
                ), "Contains profanity. 43 texts of dev stand in train too."),
        Dataset("gsm8k", "grade-school mathematics in words (Cobbe et al. 2021)", "MIT",
                "https://github.com/openai/grade-school-math", (
                    DataFile("train.jsonl", f"{_GITHUB}/openai/grade-school-math/"
                             "3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data/train.jsonl",
                             "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465"),
                )),
        Dataset("mnist", "handwritten digits, 28 x 28 (LeCun, Cortes, Burges)", "none stated by its authors",
                "http://yann.lecun.com/exdb/mnist/", (
                    DataFile("train-images-idx3-ubyte.gz", f"{_MNIST}/train-images-idx3-ubyte.gz",
                             "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                    DataFile("train-labels-idx1-ubyte.gz", f"{_MNIST}/train-labels-idx1-ubyte.gz",
                             "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
                )),
        Dataset("persuasionforgood", "dialogues asking for a donation (Wang et al. 2019)", "Apache-2.0",
                "https://gitlab.com/ucdavisnlp/persuasionforgood",
                (DataFile("full_dialog.csv"), DataFile("full_info.csv")),
                "Both stand in its folder data/FullData. Split by user, never by row."),
        Dataset("tinyshakespeare", "plays of Shakespeare, 1 MB", "public domain",
                "https://github.com/karpathy/char-rnn/tree/master/data/tinyshakespeare", (DataFile("input.txt"),),
                "AURA's figures use the first 1,003,854 characters (90 %)."),
        Dataset("tydip_politeness", "sentences with their politeness (Srinivasan & Choi 2022)", "CC BY 4.0",
                "https://github.com/Genius1237/TyDiP", (
                    DataFile("en_train.csv", f"{_GITHUB}/Genius1237/TyDiP/"
                             "3309fea7c5b091cd089ae18afb417e9ff45be7fd/data/all/en_train.csv",
                             "e35a37499adcae4af71361644666dd696a0f273c78190af103e16fab0f4f1b90"),
                )),
        Dataset("vader", "words and their mean valence (Hutto & Gilbert 2014)", "MIT",
                "https://github.com/cjhutto/vaderSentiment", (
                    DataFile("vader_lexicon.txt", f"{_GITHUB}/cjhutto/vaderSentiment/"
                             "0b8040fd23e0ba0a68ebf043697f087cd4c4d6c6/vaderSentiment/vader_lexicon.txt",
                             "ec636f884f36b5de6a4d681b2f61c08c2ec90eeb440472033f3307d0d6fa8bc9"),
                )),
    )
    return {dataset.name: dataset for dataset in sets}
