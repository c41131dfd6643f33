"""Who could read or take over a connection is kept out, and what lies on a disk is data and never a program."""

import ipaddress
import json
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import numcodecs.pickles
import pytest
import zarr
from distributed import Security
from distributed.comm import connect
from distributed.comm.addressing import get_address_host_port, parse_address
from distributed.utils import LoopRunner
from hypothesis import example, given
from hypothesis import strategies as st
from own_cluster import await_workers, cluster, files_of, made_alone, set_desk
from zarr.errors import ZarrUserWarning

from skinbeam.model.errors import InputError
from skinbeam.sweeps import cluster as clusters
from skinbeam.sweeps.cluster import check_address
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import load_store, open_store
from skinbeam.sweeps.sweep_file import load_sweep

BLOCKS = 4
OPEN = [
    "tcp://10.0.0.1:8786",
    "tcp://0.0.0.0:8786",
    "tcp://[::]:8786",
    "tcp://localhost.evil.org:8786",
    "tcp://127.0.0.1.evil.org:8786",
    "tcp://evil-localhost:8786",
    "tcp://127.1:8786",
    "tcp://2130706433:8786",
    "tcp://0x7f000001:8786",
    "tcp://[::ffff:10.0.0.1]:8786",
    "tcp://128.0.0.1:8786",
]
NONE = [
    "127.0.0.1:8786",
    "x",
    "http://127.0.0.1:8786",
    "inproc://127.0.0.1:8786",
    "ucx://127.0.0.1:8786",
    "ws://127.0.0.1:8786",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:8786/",
    "tcp://127.0.0.1:8786/evil.org",
    "tls://a,b:1",
    "tcp://user@127.0.0.1:8786",
    "tcp://evil.org:1@127.0.0.1:8786",
    "tcp://127.0.0.1:8786@evil.org:8786",
    "tcp://127.0.0.1:8786#evil",
    "tcp://127.0.0.1:8786?evil",
    "tcp://[::1%25lo]:8786",
    "tcp://[::1:8786",
    "tcp://::1:8786",
    "tcp://127.0.0.1:８７８６",
    "tls://",
    "tls://:8786",
    "tcp://127。0。0。1:8786",
    "tcp://loc\u200balhost:8786",
    "tcp://127.0.0.1:8786\\evil.org",
    "tls://host",
    "tcp:127.0.0.1:8786",
    "tcp://localhost.:8786",
]
NONE += ["", " tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786\n", "tcp://127.0.0.1\t:8786", "tcp://evil.org\r127.0.0.1:1"]
HERE = ["tcp://127.0.0.1:8786", "tcp://127.9.8.7:1", "tcp://[::1]:65535", "tcp://localhost:8786"]
FAR = ["tls://cluster.example.org:8786", "tls://10.0.0.1:8786", "tls://[2001:db8::1]:8786", "tls://localhost:1"]


def test_only_an_encrypted_scheduler_or_one_of_this_machine_is_taken() -> None:
    for address in (*HERE, *FAR):
        check_address(address)
    for code, addresses in (("open-address", OPEN), ("wrong-address", NONE)):
        for address in addresses:
            with pytest.raises(InputError) as raised:
                check_address(address)
            assert raised.value.code == code, address
            assert "tls://" in raised.value.hint


hosts = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]"),
    st.sampled_from(["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "evil.org"]),
    st.text(st.sampled_from("localhost127.0[]:@%/\\\t #?é１."), min_size=1, max_size=14),
)


@given(
    st.sampled_from(["tcp", "tls", "http", "TCP"]),
    hosts,
    st.one_of(st.integers(-9, 99999).map(str), st.text(max_size=5)),
)
@example("tcp", "evil.org:1@127.0.0.1", "8786")
@example("tcp", "127.0.0.1", "٨٧٨٦")
def test_what_is_taken_is_read_by_dask_as_the_same_host(scheme: str, host: str, port: str) -> None:
    address = f"{scheme}://{host}:{port}"
    try:
        check_address(address)
    except InputError:
        return
    read_scheme, _ = parse_address(address, strict=True)
    read_host, read_port = get_address_host_port(address, strict=True)
    assert (read_scheme, str(read_port)) == (scheme, str(int(port)))
    assert scheme == "tls" or read_host == "localhost" or ipaddress.ip_address(read_host).is_loopback


class Shot:
    """What makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self._mark,)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep and its store, where a library that unpickles is let do so."""
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    set_desk(tmp_path, BLOCKS)
    return tmp_path


def hostile(folder: Path, mark: Path) -> dict[str, Any]:
    """Put an array into a folder that shoots when it is read; return how it describes itself."""
    described: dict[str, Any] = {
        "zarr_format": 2,
        "shape": [1],
        "chunks": [1],
        "dtype": "|O",
        "fill_value": "",
        "order": "C",
        "filters": [{"id": "vlen-utf8"}],  # Zarr looks at the first such codec alone
        "compressor": {"id": "pickle", "protocol": 4},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".zarray").write_text(json.dumps(described), encoding="utf-8")
    (folder / "0").write_bytes(pickle.dumps(Shot(mark), protocol=4))
    return described


def changed(file: Path, change: Callable[[Any], Any]) -> None:
    metadata = json.loads(file.read_text(encoding="utf-8"))
    change(metadata)
    file.write_text(json.dumps(metadata), encoding="utf-8")


def test_what_would_shoot_shoots_where_a_library_unpickles(tmp_path: Path, workplace: Path) -> None:
    """So that the tests below could fail."""
    mark = tmp_path / "shot"
    hostile(tmp_path / "array", mark)
    with pytest.raises((TypeError, ValueError)):  # what it made is no number
        zarr.open_array(tmp_path / "array", mode="r", zarr_format=2)[...]
    assert mark.exists()


def test_a_store_that_is_not_as_the_sweep_makes_it_is_refused_before_it_is_read(workplace: Path) -> None:
    """Each thing that a store says of an array of a sweep is changed in turn."""
    asked = load_sweep(workplace / "sweep.toml")
    changes: list[tuple[str, Callable[[Any], Any]]] = [
        ("codec", lambda metadata: metadata["codecs"].append({"name": "numcodecs.pickle", "configuration": {}})),
        ("filter", lambda metadata: metadata["codecs"].insert(0, {"name": "pickle", "configuration": {}})),
        ("type", lambda metadata: metadata.update(data_type="object")),
        ("format", lambda metadata: metadata.update(zarr_format=2)),
        ("sides", lambda metadata: metadata["chunk_grid"]["configuration"].update(chunk_shape=[10**12])),
        ("no sides", lambda metadata: metadata.update(chunk_grid=7)),
        ("shape", lambda metadata: metadata.update(shape=[10**12])),
        ("key", lambda metadata: metadata["chunk_key_encoding"]["configuration"].update(separator=".")),
        ("transformer", lambda metadata: metadata.update(storage_transformers=[{"name": "x"}])),
        ("more", lambda metadata: metadata.update(must_understand=[1])),
    ]
    for array in ("status", "message", "temperature_C.basal_peak", "bath.temperature_C"):
        file = workplace / "out.zarr" / array / "zarr.json"
        sound = file.read_bytes()
        for what, change in changes:
            changed(file, change)
            with pytest.raises(InputError) as raised, open_store(workplace / "out.zarr", asked, None):
                pass
            assert raised.value.code == "damaged-store", what
            file.write_bytes(sound)
        for data in (b"", b"\x80\x04K\x01.", b"[" * 100_000, b"[]", b'{"a": 1}'):
            file.write_bytes(data)
            with (
                pytest.raises(InputError, match="as this sweep made it"),
                open_store(workplace / "out.zarr", asked, None),
            ):
                pass
        file.write_bytes(sound)
    with open_store(workplace / "out.zarr", asked, None) as store:
        assert len(store.missing_blocks()) == BLOCKS


def test_nothing_that_lies_beside_or_in_the_list_of_a_store_is_unpickled(workplace: Path, tmp_path: Path) -> None:
    mark = tmp_path / "shot"
    store = workplace / "out.zarr"
    described = hostile(store / "status", mark)  # in the older format beside ours, and an array of its own
    hostile(store / "beside", mark)

    def listed(metadata: Any) -> None:
        for name in ("status", "beside"):
            metadata["consolidated_metadata"]["metadata"][name] = {**described, "attributes": {}}

    changed(store / "zarr.json", listed)
    whole = made_alone(workplace, "out.zarr")
    with pytest.warns(ZarrUserWarning, match="beside"):
        results = load_store(store).load()
    assert (results["status"] == 1).all()
    assert not mark.exists()
    assert whole


def test_a_damaged_block_is_reported_and_one_that_a_power_cut_left_empty_is_answered_again(workplace: Path) -> None:
    asked = load_sweep(workplace / "sweep.toml")
    whole = made_alone(workplace, "out.zarr")
    first = workplace / "out.zarr" / "status" / "c" / "0"
    sound = first.read_bytes()
    for data in (sound[:-1], sound[:-1] + bytes([sound[-1] ^ 1]), pickle.dumps(1), b"(\xb5/\xfd" + b"\xff" * 14):
        first.write_bytes(data)
        with pytest.raises(InputError) as raised, open_store(workplace / "out.zarr", asked, None) as store:
            store.missing_blocks()
        assert raised.value.code == "damaged-store"
    first.write_bytes(sound)
    (workplace / "out.zarr" / "temperature_C.basal_peak" / "c" / "1").write_bytes(b"")
    (workplace / "out.zarr" / "status" / "c" / "2").write_bytes(b"")
    with open_store(workplace / "out.zarr", asked, None) as store:
        assert [block[0].start for block in store.missing_blocks()] == [1, 2]
    assert made_alone(workplace, "out.zarr") == whole


words = st.sampled_from(["attributes", "sweep_sha256", "zarr_format", "chunk_grid", "configuration", "chunk_shape"])
json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=9,
)


@given(json_values)
def test_whatever_something_says_of_itself_it_is_left_alone(
    tmp_path_factory: pytest.TempPathFactory, value_read: Any
) -> None:
    workplace = tmp_path_factory.getbasetemp() / "said"
    if not workplace.exists():
        workplace.mkdir()
        set_desk(workplace, 2)
    store = workplace / "other.zarr"
    (store / "status").mkdir(parents=True, exist_ok=True)
    for folder in (store, store / "status"):
        (folder / "zarr.json").write_text(json.dumps(value_read), encoding="utf-8")
    with pytest.raises(InputError) as refused, open_store(store, load_sweep(workplace / "sweep.toml"), None):
        pass
    assert refused.value.code == "another-sweep"


@contextmanager
def keys(folder: Path) -> Iterator[dict[str, str]]:
    """Certificates of an authority of their own, in files, and the configuration of Dask that names them."""
    folder.mkdir()
    made = Security.temporary()
    files = {"ca-file": made.tls_ca_file, "cert": made.tls_client_cert, "key": made.tls_client_key}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = {"distributed.comm.tls.ca-file": str(folder / "ca-file")}
    for role in ("client", "scheduler", "worker"):
        settings |= {f"distributed.comm.tls.{role}.{name}": str(folder / name) for name in ("cert", "key")}
    with dask.config.set(settings):
        yield {f"DASK_{name.upper().replace('.', '__').replace('-', '_')}": value for name, value in settings.items()}


@pytest.mark.check
def test_a_sweep_runs_over_tls_and_who_has_other_certificates_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "_WAIT_S", 5)
    set_desk(tmp_path, BLOCKS)
    whole = made_alone(tmp_path)
    asked, store = load_sweep(tmp_path / "sweep.toml"), tmp_path / "out.zarr"
    with keys(tmp_path / "ours") as environment, cluster(tmp_path, workers=1, more=environment, scheme="tls") as own:
        await_workers(own.address)
        with keys(tmp_path / "theirs"):
            refused(asked, store, own.address)
        with dask.config.set({"distributed.comm.tls.client.cert": None, "distributed.comm.tls.client.key": None}):
            refused(asked, store, own.address)
        refused(asked, store, own.address.replace("tls", "tcp"))
        assert run_sweep(asked, store, cluster=own.address).answered == BLOCKS
    assert files_of(store) == whole


def refused(asked: Any, store: Path, address: str) -> None:
    with pytest.raises(InputError) as raised:
        run_sweep(asked, store, cluster=address)
    assert raised.value.code == "no-scheduler"
    assert address in raised.value.message


@pytest.mark.check
def test_workers_of_this_machine_cannot_be_reached_without_the_keys_of_the_run() -> None:
    with clusters.open_workers(None, 1) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        for other in (address, address.replace("tls", "tcp")):
            with pytest.raises((OSError, TypeError)):
                LoopRunner().run_sync(connect, other, timeout=2, **Security().get_connection_args("client"))
        assert client.submit(os.getpid).result() != os.getpid()
        assert dask.config.get("scheduler", None) is None  # arrays of the caller are computed as before
        assert client.submit(os.getenv, "NUMBA_NUM_THREADS").result() == "1"
    assert "NUMBA_NUM_THREADS" not in os.environ  # numba refuses a number of threads that changes while it runs
