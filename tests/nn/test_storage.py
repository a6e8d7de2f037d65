"""Saving and loading: exact, reproducible, atomic, and an error message for every kind of invalid file."""

import json
import math
import os
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import AutogradError
from nn import MLP, Layer, Neuron, StorageError, load, load_document, save
from nn.layers.activations import ACTIVATIONS
from nn.persistence.storage import LONGEST_LINE
from tests.support.examples import examples

HIDDEN = sorted(name for name, row in ACTIVATIONS.items() if not row.vector)
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.json"


def numbers(model):
    return [parameter.data.hex() for parameter in model.parameters()]


@examples(30)
@given(st.lists(finite, min_size=9, max_size=9))
def test_floats_come_back_bit_for_bit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("models") / "model.json"
    model = MLP(1, [2, 1], hidden="prelu", seed=0)
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.data = value
    save(model, path)
    assert numbers(load(path)) == numbers(model) == [value.hex() for value in values]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_activation_comes_back(path, hidden):
    model = MLP(2, [3, 2], hidden=hidden, output="softmax", seed=1)
    save(model, path)
    twin = load(path)
    assert repr(twin) == repr(model)
    assert [a.data for a in twin([0.3, -0.7])] == [a.data for a in model([0.3, -0.7])]
    assert [name for name, _ in twin.named_parameters()] == [name for name, _ in model.named_parameters()]


def test_the_same_model_gives_the_same_bytes(path):
    save(MLP(2, [3, 1], seed=0), path, extra={"b": 1, "a": [1.5, "δ"]})
    first = path.read_bytes()
    save(load(path), path, extra=load_document(path)[1])
    assert path.read_bytes() == first
    assert first[-1:] == b"\n"


def test_no_parameter_takes_more_than_the_longest_line(path):
    """So `train` can refuse at once what no file would hold."""
    model = MLP(3, [400, 2], seed=0)
    empty = MLP(1, [1])
    for each in (*model.parameters(), *empty.parameters()):
        each.data = -1.2345678901234567e-105
    sizes = []
    for each in (empty, model):
        save(each, path)
        sizes.append(path.stat().st_size)
    assert sizes[1] - sizes[0] <= LONGEST_LINE * (len(model.parameters()) - 2)
    assert len(repr(-sys.float_info.min)) <= len(repr(model.parameters()[0].data)) == 24


def test_extra_comes_back(path):
    extra = {"columns": ["größe", "x"], "mean": [0.1, -0.0], "task": None, "ok": True}
    save(MLP(1, [1]), path, extra=extra)
    assert load_document(path)[1] == extra
    save(MLP(1, [1]), path)
    assert load_document(path)[1] == {}


def test_neither_saving_nor_loading_draws_random_numbers(path):
    model, state = MLP(2, [1], seed=0), random.getstate()
    save(model, path)
    load(path)
    assert random.getstate() == state


class Mine(MLP):
    pass


def broken(number):
    model = MLP(2, [1], seed=0)
    model.parameters()[1].data = number
    return model


def patched():
    model = MLP(2, [2, 1], seed=0)
    model.layers[0] = Layer(2, 2, activation="tanh")
    return model


@pytest.mark.parametrize(("model", "words"), [
    (broken(math.nan), r"w1\[0,1\] is nan; only finite"),
    (broken(-math.inf), r"w1\[0,1\] is -inf"),
    (MLP(2, [1], output=lambda z: z), "'<lambda>' is not built in; a file can name only linear"),
    (MLP(2, [2, 1], hidden=abs), "'abs' is not built in"),
    (patched(), "layers were changed"),
    (Mine(2, [1]), "not a Mine"),
    (Neuron(2), "not a Neuron"),
])  # fmt: skip
def test_a_model_that_cannot_be_saved_leaves_no_file(path, model, words):
    with pytest.raises(StorageError, match=words):
        save(model, path)
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize(("extra", "words"), [
    ({"mean": math.nan}, "extra cannot be written as JSON"),
    ({"model": object()}, "not JSON serializable"),
    ({"pair": (1, 2)}, "use lists"),
    ({1: "one"}, "strings as keys"),
])  # fmt: skip
def test_an_extra_that_json_would_change_is_refused(path, extra, words):
    with pytest.raises(StorageError, match=words):
        save(MLP(2, [1]), path, extra=extra)
    assert os.listdir(path.parent) == []


def test_a_failed_save_keeps_the_old_file(path):
    save(MLP(2, [1], seed=0), path)
    before = path.read_bytes()
    with pytest.raises(StorageError):
        save(broken(math.nan), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.json"]


def document():
    return {
        "format": "scalar-autograd model",
        "schema": 1,
        "architecture": {"n_in": 1, "n_outs": [2, 1], "hidden": "tanh", "output": "linear"},
        "parameters": {
            "w1[0,0]": 1.0,
            "b1[0]": 0.5,
            "w1[1,0]": 2,
            "b1[1]": 0.0,
            "w2[0,0]": 1.0,
            "w2[0,1]": 1.0,
            "b2[0]": 0.0,
        },
        "extra": {},
    }


def changed(where, value):
    whole = document()
    *path, last = where.split("/")
    part = whole
    for key in path:
        part = part[key]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return json.dumps(whole)


def test_the_document_has_the_schema(path):
    path.write_text(json.dumps(document()))
    model = load(path)
    assert model.layers[0].W.tolist() == [[1.0], [2.0]]
    assert model.layers[0].b.tolist() == [0.5, 0.0]
    save(model, path)
    written = json.loads(path.read_text())
    assert len(written.pop("checksum")) == 64
    assert written == document() | {"schema": 2}


@pytest.mark.parametrize(("text", "words"), [
    ("", "not a JSON file"),
    ("{", "not a JSON file, or damaged: Expecting property name.*line 1 column 2"),
    (json.dumps(document())[:-20], "damaged"),
    ("\x00\x01", "not a JSON file"),
    ("[" * 100_000, "not a JSON file"),
    ("9" * 5000, "not a JSON file"),
    ("[]", "format: expected 'scalar-autograd model', got a list"),
    ('{"format": "other"}', "format: expected 'scalar-autograd model', got 'other'"),
    (changed("schema", 3), r"schema: 3 is of a newer version \(this one reads up to 2\)"),
    (changed("schema", 2), "checksum: is missing"),
    (changed("schema", "1"), "schema: expected an integer >= 1, got '1'"),
    (changed("schema", True), "schema: expected an integer >= 1, got True"),
    (changed("extra", ...), "json: extra: is missing"),
    (changed("more", 1), "json: more: is unknown"),
    (changed("a\nb", 1), r"json: 'a\\nb': is unknown"),
    (changed("extra", []), r"extra: expected an object, got \[\]"),
    (changed("architecture", 3), "architecture: expected an object, got 3"),
    (changed("architecture/hidden", ...), "architecture.hidden: is missing"),
    (changed("architecture/hidden", "tanhh"), "architecture.hidden: expected one of linear, .*, got 'tanhh'"),
    (changed("architecture/hidden", "softmax"), "architecture.hidden: expected one of .*, got 'softmax'"),
    (changed("architecture/output", 5), "architecture.output: expected one of .*softmax.*, got 5"),
    (changed("architecture/output", []), r"architecture.output: expected one of .*, got \[\]"),
    (changed("architecture/n_outs", []), r"architecture.n_outs: expected a list of at least 1, got \[\]"),
    (changed("architecture/n_outs", 5), "architecture.n_outs: expected a list of at least 1, got 5"),
    (changed("architecture/n_outs", [2, 0]), r"architecture.n_outs\[1\]: expected an integer >= 1, got 0"),
    (changed("architecture/n_outs", [2, True]), r"architecture.n_outs\[1\]: .*got True"),
    (changed("architecture/n_outs", [10**12, 1]), "parameters: 7 are too few"),
    (changed("architecture/n_in", 10**30), "parameters: 7 are too few"),
    (changed("architecture/n_outs", [1, 1]), r"parameters.b1\[1\]: is unknown \(and 2 more\)"),
    (changed("parameters", []), "parameters: expected an object"),
    (changed("parameters/b2[0]", ...), "parameters: 6 are too few"),
    (changed("parameters/b3[0]", 0.0), r"parameters.b3\[0\]: is unknown"),
    (changed("parameters/b2[0]", "0"), r"parameters.b2\[0\]: expected a finite number, got '0'"),
    (changed("parameters/b2[0]", True), "got True"),
    (changed("parameters/b2[0]", None), "got None"),
    (changed("parameters/b2[0]", math.nan), "NaN is not allowed in this file"),
    (changed("parameters/b2[0]", -math.inf), "-Infinity is not"),
    (changed("parameters/b2[0]", 0.25).replace("0.25", "1e999"), r"b2\[0\]: expected a finite number, got inf"),
    (changed("parameters/b2[0]", 10**400), r"parameters.b2\[0\]: expected a finite number, got 1000"),
    (json.dumps(document()).replace('"b2[0]"', '"b1[0]"'), r"'b1\[0\]': appears twice"),
])  # fmt: skip
def test_error_messages_for_invalid_files(path, text, words):
    path.write_text(text)
    with pytest.raises(StorageError, match=words) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_bytes_that_are_not_text(path):
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StorageError, match="not a JSON file"):
        load(path)


def test_every_truncated_file_is_rejected(path):
    save(MLP(1, [1], seed=0), path)
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError):
            load(path)


def test_a_missing_file_is_the_usual_error(path):
    with pytest.raises(FileNotFoundError):
        load(path)


def test_the_error_is_caught_as_either_base():
    assert issubclass(StorageError, AutogradError)
    assert issubclass(StorageError, ValueError)


def test_f19_an_edited_number_is_detected_and_the_message_says_how_to_allow_it(path):
    save(MLP(2, [2, 1], hidden="tanh", bias=0.5, seed=0), path)
    head, parameters, tail = path.read_text().partition('"parameters"')
    path.write_text(head + parameters + tail.replace(": 0.", ": 1.", 1))
    with pytest.raises(StorageError, match=r"checksum: does not match.*delete"):
        load(path)
    whole = json.loads(path.read_text())
    del whole["checksum"]
    path.write_text(json.dumps(whole | {"schema": 1}))
    assert load(path).layers[0].b.tolist() == [1.5, 0.5]


def test_f19_another_layout_of_the_same_values_is_the_same_file(path):
    model = MLP(2, [2, 1], hidden="tanh", seed=0)
    save(model, path, extra={"größe": [1, 2.5, None]})
    path.write_bytes(
        json.dumps(json.loads(path.read_text()), ensure_ascii=False, indent=7).replace("\n", "\r\n").encode()
    )
    assert numbers(load(path)) == numbers(model)


def test_f19_the_message_is_one_line_whatever_the_file_is_called(tmp_path):
    path = tmp_path / "a\nb.json"
    path.write_text("{}")
    with pytest.raises(StorageError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert repr(str(path)) in str(caught.value)
