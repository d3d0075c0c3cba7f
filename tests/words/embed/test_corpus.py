from __future__ import annotations

import errno
import gzip
import tracemalloc
from pathlib import Path

import pytest

from throughtime.corpora.documentation import Sources
from throughtime.errors import InputError
from throughtime.files.documents import ReadingConfig
from throughtime.files.reading import ReadingReport
from throughtime.text.cleaning import Cleaner
from throughtime.words.embed import corpus
from throughtime.words.embed.corpus import (
    Moment,
    corpus_of_files,
    corpus_of_packages,
    scratch_folder,
    store,
    watched,
)


def test_lines_of_files_again_and_again(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    plain.write_text("The first line.\n\n...\nA Second\n")
    packed.write_bytes(gzip.compress("Troisième ligne".encode()))
    lines = corpus_of_files([plain, packed], Cleaner())
    for _ in range(2):
        assert list(lines) == [["the", "first", "line"], ["a", "second"], ["troisième", "ligne"]]


def test_all_that_readers_read_without_its_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text('text;label\n"One line\nanother line";ham\nA third one;\n')
    Path("b.jsonl").write_text('{"v2": "Of JSON", "v1": "spam"}\n{"v2": 3}\n')
    Path("c/pos").mkdir(parents=True)
    Path("c/pos/d.txt").write_bytes("L'été dernier, déjà.\nUn élève rêvait d'être à Nîmes.".encode("latin-1"))
    assert list(corpus_of_files(["a.csv", "c"], Cleaner())) == [
        ["one", "line"],
        ["another", "line"],
        ["a", "third", "one"],
        ["l'été", "dernier", "déjà"],
        ["un", "élève", "rêvait", "d'être", "à", "nîmes"],
    ]
    report = ReadingReport()
    reading = ReadingConfig(text_column="v2", on_bad="skip")
    assert list(corpus_of_files(["b.jsonl"], Cleaner(), reading, report)) == [["of", "json"]]
    assert report.first_bad == ["b.jsonl:2: 'v2' must be text, found int"]


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^no\.txt does not exist$"):
        corpus_of_files(["no.txt"], Cleaner())
    Path("b.txt").write_bytes(b"fine\nna\xefve\n")
    corpus = corpus_of_files(["b.txt"], Cleaner(), ReadingConfig(encoding="utf-8"))
    with pytest.raises(InputError, match=r"^b\.txt:2: byte 3 \(0xef\) is not UTF-8 text"):
        list(corpus)


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one line of many words\n" * 200_000)  # 4.6 MB
    tracemalloc.start()
    count = sum(1 for _ in corpus_of_files([path], Cleaner()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 2e6


def test_sentences_of_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "sentences", lambda sources: [f"Of {name}." for name in sources.versions])
    assert list(corpus_of_packages(Sources({"numpy": "1", "torch": "2"}), Cleaner())) == [
        ["of", "numpy"],
        ["of", "torch"],
    ]


def test_stored_sentences_come_back_and_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PART_WORDS", 4)
    given = [["a", "b"], ["b", "c", "é"], ["alone"], [], ["a", "a"]]
    stored = store(given, tmp_path)
    assert list(stored) == list(stored) == [["a", "b"], ["b", "c", "é"], ["a", "a"]]
    assert (stored.sentences, stored.words) == (3, 7)
    assert stored.counts == {"a": 3, "b": 2, "c": 1, "é": 1}
    assert [part.words for part in stored.parts] == [5, 2]
    assert [part.path.read_text() for part in stored.parts] == ["a b\nb c é\n", "a a\n"]


def test_long_sentences_go_on_in_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "LONGEST_SENTENCE", 3)
    assert list(store([list("abcdefgh"), list("abcd")], tmp_path)) == [
        list("abc"),
        list("def"),
        list("gh"),
        list("abc"),
    ]


def test_the_rarest_are_forgotten_where_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MOST_DISTINCT", 3)
    stored = store([["a", "a"], ["b", "c"], ["d", "a"], ["d", "e"]], tmp_path)
    assert stored.counts == {"a": 3, "d": 1, "e": 1}


@pytest.mark.parametrize("sentence", [["new york", "is"], ["", "is"], ["a\u00a0b", "is"], ["a\n", "is"]])
def test_words_that_a_line_cannot_hold(tmp_path: Path, sentence: list[str]) -> None:
    with pytest.raises(
        InputError, match=r"^a word of sentence 2 is empty or holds white space; expected neither$"
    ):
        store([["fine", "so", "far"], sentence], tmp_path)


@pytest.mark.parametrize("sentences", [[], [[], ["one"], ["word"]]])
def test_nothing_to_learn_from(tmp_path: Path, sentences: list[list[str]]) -> None:
    with pytest.raises(
        InputError, match=r"^the corpus has no sentence of at least two words; expected at least one$"
    ):
        store(sentences, tmp_path)


def test_moments_tell_how_many_words_have_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.1, 0.5, 0.6])
    monkeypatch.setattr(corpus.time, "monotonic", lambda: next(clock))
    moments: list[Moment] = []
    assert len(list(watched([["a", "b"], ["c"], ["d"]], "reading", moments.append))) == 3
    assert moments == [Moment("reading", 3, 0, 6.0)]


def test_the_scratch_folder_goes_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path) as folder:
        (folder / "file").write_text("words")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    lost = r"nowhere cannot hold the cleaned words: No such file or directory$"
    with pytest.raises(InputError, match=lost), scratch_folder(tmp_path / "nowhere"):
        pass
    with pytest.raises(InputError, match=r"/.* cannot hold the cleaned words: full$"), scratch_folder():
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(PermissionError), scratch_folder():
        raise PermissionError(errno.EACCES, "of another file")
