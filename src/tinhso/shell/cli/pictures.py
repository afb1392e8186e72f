"""Drawings that stand for residents' photos in the demo: simple scenes, each labelled as an illustration."""

import io
import random
from collections.abc import Callable
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1280, 960
HORIZON = 430
LABEL_SIZE = 34
Kind = Literal["road", "rubbish", "light", "water", "tree", "building"]
_Scene = Callable[[ImageDraw.ImageDraw, random.Random], None]


def picture(kind: Kind, seed: str) -> bytes:
    """A JPEG of the scene *kind*; the same seed gives the same picture."""
    luck = random.Random(seed)  # noqa: S311  a drawing, no secret
    image = Image.new("RGB", (WIDTH, HEIGHT), "#bcd7ea")
    draw = ImageDraw.Draw(image)
    _land(draw, luck)
    _SCENES[kind](draw, luck)
    _label(draw)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _land(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    """Sky, hills, earth and a road that runs away from the viewer."""
    for y in range(HORIZON):
        draw.line([(0, y), (WIDTH, y)], fill=(150 + y // 6, 195 + y // 12, 235))
    for n in range(3):
        height = luck.randint(40, 110)
        left = luck.randint(-200, 300) + n * 380
        draw.ellipse([left, HORIZON - height, left + 760, HORIZON + height], fill=(96, 140 - 12 * n, 88))
    draw.rectangle([0, HORIZON, WIDTH, HEIGHT], fill="#b5714a")
    draw.polygon([(WIDTH * 0.42, HORIZON), (WIDTH * 0.58, HORIZON), (WIDTH, HEIGHT), (0, HEIGHT)], fill="#6c6d70")
    for top, bottom, half in ((470, 520, 4), (570, 650, 7), (720, 830, 11)):
        draw.polygon(
            [(640 - half, top), (640 + half, top), (640 + half * 1.6, bottom), (640 - half * 1.6, bottom)],
            fill="#e8e2cf",
        )


def _road(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    for _ in range(luck.randint(2, 4)):
        x, y = luck.randint(330, 900), luck.randint(600, 880)
        wide, high = luck.randint(110, 220), luck.randint(40, 80)
        draw.ellipse([x - wide, y - high, x + wide, y + high], fill="#57504a")
        draw.ellipse([x - wide * 0.8, y - high * 0.7, x + wide * 0.8, y + high * 0.8], fill="#8a6a4e")
    for _ in range(70):
        x, y = luck.randint(250, 1030), luck.randint(560, 930)
        draw.ellipse([x, y, x + 9, y + 6], fill="#4a4a4c")


def _rubbish(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    colours = ("#f2f2ee", "#3d6fa5", "#2f8f57", "#c94f43", "#e7c14a", "#222426", "#9aa0a6")
    for _ in range(240):
        left, top, size = luck.gauss(860, 150), luck.gauss(790, 55), luck.randint(12, 46)
        box = [left - size, top - size * 0.7, left + size, top + size * 0.7]
        (draw.ellipse if luck.random() < 0.6 else draw.rectangle)(box, fill=luck.choice(colours))


def _light(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    lean = luck.randint(-30, 90)
    draw.line([(900, 900), (900 + lean, 150)], fill="#8c9096", width=22)
    draw.line([(900 + lean, 160), (720 + lean, 140)], fill="#8c9096", width=14)
    draw.ellipse([670 + lean, 125, 740 + lean, 165], fill="#42454b")


def _water(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    draw.rectangle([0, 610, WIDTH, HEIGHT], fill="#8d7a5e")
    for _ in range(60):
        x, y = luck.randint(0, WIDTH), luck.randint(620, 950)
        draw.arc([x, y, x + luck.randint(60, 180), y + 16], 180, 360, fill="#b9a98b", width=4)


def _tree(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    draw.polygon([(180, 640), (210, 580), (1120, 760), (1110, 820)], fill="#6b4a2f")
    for _ in range(160):
        x, y, size = luck.gauss(1000, 130), luck.gauss(740, 80), luck.randint(18, 52)
        draw.ellipse(
            [x - size, y - size, x + size, y + size], fill=(40 + luck.randint(0, 40), 110 + luck.randint(0, 50), 50)
        )


def _building(draw: ImageDraw.ImageDraw, luck: random.Random) -> None:
    draw.rectangle([120, 180, 520, 760], fill="#c9c3ba", outline="#8d867c", width=6)
    for row in range(3):
        for column in range(3):
            x, y = 160 + column * 125, 220 + row * 170
            draw.rectangle([x, y, x + 75, y + 100], fill="#5d6a75")
    for _ in range(90):
        left, top = luck.gauss(640, 120), luck.gauss(810, 35)
        draw.rectangle([left, top, left + 46, top + 22], fill=luck.choice(("#a8503a", "#b85f45", "#93452f")))


_SCENES: dict[Kind, _Scene] = {
    "road": _road,
    "rubbish": _rubbish,
    "light": _light,
    "water": _water,
    "tree": _tree,
    "building": _building,
}


def _label(draw: ImageDraw.ImageDraw) -> None:
    """The words "ảnh minh họa". Pillow's own font has no Vietnamese letters, so two marks are drawn by hand."""
    font = ImageFont.load_default(LABEL_SIZE)
    draw.rectangle([0, HEIGHT - 76, 330, HEIGHT], fill="#1c2733")
    left, top = 28, HEIGHT - 62
    draw.text((left, top), "anh minh hoa", font=font, fill="white")
    hook = left + font.getlength("a") / 2
    draw.arc([hook - 6, top, hook + 6, top + 10], 180, 60, fill="white", width=3)
    dot = left + font.getlength("anh minh ho") - font.getlength("o") / 2
    draw.ellipse([dot - 3, top + 40, dot + 3, top + 46], fill="white")
