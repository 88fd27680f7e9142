"""The client against the real service. MIXTAPE names the program, else it is looked for in the clone."""

import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

CLIENT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CLIENT))
from mixtape import Mixtape, MixtapeError, ServiceEnded  # noqa: E402

PROGRAM = os.environ.get("MIXTAPE", str(CLIENT.parents[1] / ".build/release/mixtape"))
# A picture a second, of which each video has its own: no tool but the program is needed to make them.
SIDE, FRAMES = 64, 48


def write_video(path, seed):
    """A raw video (YUV4MPEG2) of moving bars."""
    with open(path, "wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F12:1 Ip A1:1 Cmono\n" % (SIDE, SIDE))
        for frame in range(FRAMES):
            file.write(b"FRAME\n")
            for y in range(SIDE):
                row = bytes((x * (seed + 3) + y * (7 - seed) + frame * (5 + 4 * seed)) % 256 for x in range(SIDE))
                file.write(row)


class ClientTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.videos = Path(cls.folder.name, "videos")
        cls.videos.mkdir()
        for seed in range(3):
            write_video(cls.videos / f"{seed}.y4m", seed)
        cls.index = Path(cls.folder.name, "index")
        cls.told = []
        with Mixtape(index=cls.index, program=PROGRAM) as mixtape:
            cls.result = mixtape.index(cls.videos, progress=cls.told.append)

    def check_answers(self, mixtape):
        found = mixtape.search(self.videos / "1.y4m", limit=2)
        self.assertEqual([match["rank"] for match in found["matches"]], [1, 2])
        self.assertEqual(found["matches"][0]["path"], os.path.realpath(self.videos / "1.y4m"))
        self.assertLess(abs(found["matches"][0]["distance"]), 1e-6)
        part = mixtape.search(self.videos / "1.y4m", from_=1, to=3, limit=1)
        self.assertEqual((part["query"]["from"], part["query"]["to"]), (1, 3))
        self.assertEqual(mixtape.videos(text="2.y4m")["total"], 1)
        self.assertEqual(mixtape.info()["videos"]["ready"], 3)
        self.assertEqual(mixtape.duplicates(limit=5)["videos"], 3)
        with self.assertRaises(MixtapeError) as caught:
            mixtape.search(self.videos / "1.y4m", limit=0)
        self.assertEqual(caught.exception.parameter, "limit")

    def test_lines(self):
        self.assertEqual((self.result["indexed"], self.result["failed"]), (3, 0))
        self.assertTrue(self.told and all(now["total"] == 3 for now in self.told if now["phase"] == "encoding"))
        with Mixtape(index=self.index, program=PROGRAM) as mixtape:
            self.check_answers(mixtape)
            with self.assertRaises(MixtapeError) as caught:
                mixtape.search(self.videos / "missing.mp4")
            self.assertEqual(caught.exception.reason, "not_found")
            self.assertTrue(caught.exception.path.endswith("missing.mp4"))
            self.assertEqual(mixtape.remove([self.videos / "nothing.y4m"]), 0)

    def test_threads_share_a_service(self):
        paths = []
        with Mixtape(index=self.index, program=PROGRAM) as mixtape:
            def ask(name):
                paths.append((name, mixtape.search(self.videos / name, limit=1)["matches"][0]["path"]))
            threads = [threading.Thread(target=ask, args=(f"{seed % 3}.y4m",)) for seed in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(paths), 12)
        self.assertTrue(all(path.endswith("/" + name) for name, path in paths))

    def test_a_service_that_ends_says_why(self):
        with self.assertRaises(ServiceEnded):
            Mixtape(program="/there/is/none")
        with Mixtape(index=self.index, model="/there/is/none", program=PROGRAM) as mixtape:
            with self.assertRaises(MixtapeError) as caught:
                mixtape.search("/some/video.mp4")
            self.assertTrue(str(caught.exception))
        with self.assertRaises(ServiceEnded):
            mixtape.info()

    def test_http(self):
        token = Path(self.folder.name, "token")
        token.write_text("a token of more than sixteen letters\n")
        token.chmod(0o600)
        service = subprocess.Popen(
            [PROGRAM, "serve", "--http", "127.0.0.1:0", "--index", self.index, "--token-file", token],
            stderr=subprocess.PIPE, text=True)
        try:
            url = None
            for line in service.stderr:
                found = re.search(r"http://127\.0\.0\.1:\d+", line)
                if found:
                    url = found.group()
                    break
            self.assertIsNotNone(url)
            drain = threading.Thread(target=service.stderr.read, daemon=True)
            drain.start()
            with self.assertRaises(MixtapeError) as caught:
                Mixtape(url=url).info()
            self.assertEqual(caught.exception.code, 401)
            mixtape = Mixtape(url=url + "/", token=token.read_text().strip())
            self.check_answers(mixtape)
            sent = mixtape.search(self.videos / "2.y4m", upload=True, limit=1)
            self.assertTrue(sent["matches"][0]["path"].endswith("2.y4m"))
            self.assertEqual(mixtape.index(self.videos)["unchanged"], 3)
        finally:
            service.terminate()
            service.wait()
            service.stderr.close()
        with self.assertRaises(ServiceEnded):
            mixtape.info()


if __name__ == "__main__":
    unittest.main()
