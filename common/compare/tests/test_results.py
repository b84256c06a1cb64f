# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of results: what is written can be read, and nothing else."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import jsonschema

from compare import results
from compare.programs import UserError

from . import samples


class Results(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.file = self.folder / "results.json"

    def refused(self, text: str) -> str:
        self.file.write_text(text)
        with self.assertRaises(UserError) as caught:
            results.load(self.file)
        self.assertIn(str(self.file), str(caught.exception))
        return str(caught.exception)

    def test_what_is_saved_is_loaded(self):
        results.save(self.file, samples.results())
        self.assertEqual(results.load(self.file), samples.results())
        self.assertEqual(list(self.folder.iterdir()), [self.file])

    def test_every_required_part_is_required(self):
        for name in results.schema()["required"] + ["model", "settings", "limits", "rows"]:
            sample = samples.results()
            del sample[name]
            with self.assertRaises(jsonschema.ValidationError, msg=name):
                results.save(self.file, sample)
            self.assertFalse(self.file.exists())

    def test_bad_files_are_refused(self):
        self.assertIn("not a file of results", self.refused("hello"))
        self.assertIn("not a file of results", self.refused("[1]"))
        self.assertIn("not a file of results", self.refused("{}"))
        self.assertIn("version 7", self.refused(json.dumps({**samples.results(), "version": 7})))
        self.assertIn("kernels", self.refused(json.dumps({**samples.results(), "kind": "kernels"})))
        broken = samples.results()
        broken["rows"][1]["runs"][0]["steps"] = "fast"
        self.assertIn("['rows'][1]['runs'][0]['steps']", self.refused(json.dumps(broken)))
        broken["rows"][1]["runs"][0]["steps"] = [-1.0]
        self.assertIn("minimum", self.refused(json.dumps(broken)))

    def test_missing_file(self):
        with self.assertRaisesRegex(UserError, "No such file"):
            results.load(self.folder / "none.json")

    def test_unwritable_folder(self):
        (self.folder / "file").write_text("")
        for folder in (self.folder / "file", self.folder / "file" / "below", Path("/proc/none")):
            with self.assertRaisesRegex(UserError, "cannot write there"):
                results.require_writable(folder)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folder_without_permission(self):
        self.folder.chmod(0o500)
        with self.assertRaisesRegex(UserError, "cannot write there"):
            results.require_writable(self.folder)

    def test_nothing_is_left_of_a_failed_write(self):
        target = self.folder / "taken"
        target.mkdir()
        with self.assertRaisesRegex(UserError, "cannot write"):
            results.write(target, "text")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["taken"])
