# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page, as a person uses it in a browser.

usage: SERVE_PROGRAM=... PYTHONPATH=common python3 -m unittest serve.tests.test_page
PAGE_PICTURES=FOLDER keeps pictures of it: wide, on a phone, dark.
"""

import os
import pathlib
import unittest

from serve.tests.browser import IS_HERE, Browser
from serve.tests.served import Served


@unittest.skipUnless(IS_HERE, "no chromium with its driver here")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Served()
        cls.address = f"http://127.0.0.1:{cls.server.port}/"

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0

    def picture(self, browser, name):
        if folder := os.environ.get("PAGE_PICTURES"):
            browser.picture(pathlib.Path(folder, name + ".png"))

    def expect_text(self, browser, prompt, count, answer):
        """The text of `answer`, each of `count` new tokens with its probability."""
        browser.wait(f'document.getElementById("took").textContent.startsWith("{count} tokens in")')
        self.assertEqual(browser.text("#text"), prompt + answer)
        spans = browser.run("""return [...document.querySelectorAll("#text span")]
            .map(span => [span.style.background, span.title])""")
        self.assertEqual(len(spans), count + 1)
        for background, title in spans[1:]:
            self.assertRegex(background, r"hsl.*%|rgba")
            self.assertRegex(title, r"^[\d.]+ %\n")
        self.assertRegex(browser.text("#took"), rf"{count} tokens in [\d.]+ s; the first after")

    def test_a_text_is_written_and_coloured(self):
        prompt = "The king said"
        answer = self.server.text(prompt=prompt, max_tokens=20, temperature=0)
        with Browser() as browser:
            browser.open(self.address)
            browser.write("#prompt", prompt)
            browser.write("#tokens", "20")
            browser.write("#temperature", "0")
            browser.click("#go")
            self.expect_text(browser, prompt, 20, answer)
            self.assertEqual(browser.text("#model"), "fairy-tales")
            # What the server does is drawn beside it.
            browser.wait('document.getElementById("rates").getAttribute("d").startsWith("M0,")')
            browser.wait('document.querySelector("#prompts .bars div")')
            self.picture(browser, "wide")

    def test_a_prompt_in_the_address(self):
        answer = self.server.text(prompt="Once upon a time", max_tokens=30, temperature=0)
        for name, sizes in (("phone", {"width": 400, "height": 1400}), ("dark", {"dark": True})):
            with Browser(**sizes) as browser:
                browser.open(self.address + "?prompt=Once+upon+a+time&tokens=30&temperature=0")
                self.expect_text(browser, "Once upon a time", 30, answer)
                paper = browser.run("return getComputedStyle(document.body).backgroundColor")
                self.assertEqual(paper, "rgb(22, 24, 26)" if "dark" in sizes else "rgb(253, 253, 251)")
                # Nothing is wider than the window.
                self.assertTrue(browser.run("return document.documentElement.scrollWidth <= innerWidth"))
                browser.wait('document.getElementById("rates").getAttribute("d").startsWith("M0,")')
                self.picture(browser, name)

    def test_a_key_that_is_wanted(self):
        with Served("--api-key=secret") as server, Browser() as browser:
            address = f"http://127.0.0.1:{server.port}/"
            browser.open(address)
            browser.wait('document.getElementById("state").textContent.includes("wants its API key")')
            browser.open(address + "?key=secret")
            browser.wait('document.getElementById("state").textContent.includes("tokens so far")')


if __name__ == "__main__":
    unittest.main()
