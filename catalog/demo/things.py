"""Silhouettes of what stands or hangs by itself: clothes and small appliances."""

from __future__ import annotations

from catalog.demo.stage import Stage, mix


def sweater(s: Stage, brand: str, name: str) -> None:
    _garment(s, sleeves=78)
    for y in (80, 82, 84):
        s.line([(33, y), (67, y)], mix(s.palette.body, "#000000", 0.12), 0.4)
    s.disc((42, 16, 58, 28), mix(s.palette.sky, "#ffffff", 0.45))
    s.line([(42, 22), (45, 26.5), (50, 28), (55, 26.5), (58, 22)], mix(s.palette.body, "#000000", 0.2), 1.4)
    s.label((38, 44, 62, 60), brand, name, plate=False)


def turtleneck(s: Stage, brand: str, name: str) -> None:
    _garment(s, sleeves=78)
    s.block((42, 13, 58, 26), mix(s.palette.body, "#000000", 0.08), 2)
    s.line([(42, 19.5), (58, 19.5)], mix(s.palette.body, "#000000", 0.2), 0.4)
    s.label((38, 44, 62, 60), brand, name, plate=False)


def cardigan(s: Stage, brand: str, name: str) -> None:
    _garment(s, sleeves=80, hem=90)
    dark = mix(s.palette.body, "#000000", 0.22)
    s.shape([(44, 19), (56, 19), (50, 48)], mix(s.palette.sky, "#ffffff", 0.45))
    s.line([(50, 47), (50, 90)], dark, 0.6)
    for y in (54, 62, 70, 78):
        s.disc((51.3, y, 53.3, y + 2), dark)
    s.text(42, 60, brand.upper(), 1.8, width=14)


def tee(s: Stage, brand: str, name: str) -> None:
    _garment(s, sleeves=46)
    s.disc((42, 15, 58, 27), mix(s.palette.sky, "#ffffff", 0.45))
    s.label((38, 42, 62, 60), brand, name, plate=False)


def shirt(s: Stage, brand: str, name: str) -> None:
    _garment(s, sleeves=78)
    dark = mix(s.palette.body, "#000000", 0.2)
    s.shape([(41, 17), (50, 26), (45, 33), (37, 21)], mix(s.palette.body, "#ffffff", 0.4))
    s.shape([(59, 17), (50, 26), (55, 33), (63, 21)], mix(s.palette.body, "#ffffff", 0.4))
    s.line([(50, 27), (50, 86)], dark, 0.5)
    for y in (36, 46, 56, 66, 76):
        s.disc((49.1, y, 50.9, y + 1.8), dark)
    s.block((55, 42, 63, 51), mix(s.palette.body, "#000000", 0.08), 0.6)
    s.text(42, 58, brand.upper(), 1.7, width=13)


def scarf(s: Stage, brand: str, name: str) -> None:
    s.shadow(22, 80, 86)
    s.shape([(50, 12), (86, 48), (50, 84), (14, 48)], s.palette.trim)
    s.shape([(50, 17), (81, 48), (50, 79), (19, 48)], s.palette.body)
    for x, y in ((50, 27), (71, 48), (50, 69), (29, 48)):
        s.disc((x - 4.5, y - 4.5, x + 4.5, y + 4.5), mix(s.palette.trim, "#ffffff", 0.35))
        s.disc((x - 2, y - 2, x + 2, y + 2), s.palette.ink)
    s.label((36, 40, 64, 56), brand, name)


def socks(s: Stage, brand: str, name: str) -> None:
    s.shadow(22, 82, 86)
    for shift, shade in ((14, 0.25), (0, 0.0)):
        colour = mix(s.palette.body, "#000000", shade)
        s.block((32 + shift, 16, 50 + shift, 72), colour, 2)
        s.block((32 + shift, 60, 74 + shift, 84), colour, 9)
        s.block((32 + shift, 16, 50 + shift, 22), s.palette.trim, 1.5)
        s.block((62 + shift, 60, 74 + shift, 84), s.palette.trim, 8)
    s.text(41, 44, brand.upper(), 1.8, width=16)


def espresso(s: Stage, brand: str, name: str) -> None:
    s.shadow(18, 86, 86)
    s.block((20, 20, 80, 40), s.palette.body, 3)
    s.block((24, 38, 76, 74), mix(s.palette.body, "#000000", 0.18), 1)
    s.block((17, 72, 83, 86), s.palette.body, 3)
    s.block((22, 74, 78, 77), mix(s.palette.trim, "#000000", 0.2), 0.8)
    s.block((42, 40, 58, 46), s.palette.trim, 1)
    s.block((36, 45, 64, 49), s.palette.ink, 1.5)
    s.line([(63, 47), (80, 51)], s.palette.ink, 2.2)
    s.block((43, 60, 57, 72), "#fffdf8", 2)
    s.line([(57, 63), (60, 66), (57, 69)], "#fffdf8", 1)
    s.line([(28, 40), (26, 58)], s.palette.trim, 1.2)
    for x in (27, 35):
        s.disc((x - 2.6, 27, x + 2.6, 32.2), s.palette.ink)
    s.gleam((22, 21.5, 78, 23), 0.35)
    s.label((42, 22, 77, 38), brand, name, plate=False)


def brewer(s: Stage, brand: str, name: str) -> None:
    s.shadow(24, 80, 86)
    s.block((56, 16, 78, 84), s.palette.body, 2)
    s.block((24, 16, 72, 32), s.palette.body, 3)
    s.shape([(29, 34), (53, 34), (48, 46), (34, 46)], s.palette.trim)
    s.block((28, 50, 54, 78), mix(s.palette.ink, "#ffffff", 0.2), 6)
    s.line([(30, 56), (23, 58), (23, 70), (30, 72)], s.palette.ink, 1.8)
    s.block((22, 79, 80, 86), mix(s.palette.body, "#000000", 0.2), 1.5)
    s.gleam((31, 54, 33, 74), 0.3)
    s.label((27, 17, 69, 31), brand, name, plate=False)


def dryer(s: Stage, brand: str, name: str) -> None:
    s.shadow(34, 70, 87)
    s.shape([(46, 48), (60, 48), (57, 86), (47, 86)], mix(s.palette.body, "#000000", 0.12))
    s.block((22, 22, 74, 54), s.palette.body, 15)
    s.block((12, 28, 26, 48), s.palette.trim, 1.5)
    s.disc((60, 27, 78, 49), mix(s.palette.trim, "#000000", 0.15))
    s.disc((64, 32, 74, 44), s.palette.ink)
    s.block((50.5, 58, 54, 66), s.palette.trim, 1.5)
    s.gleam((30, 26, 58, 28.5), 0.4)
    s.label((28, 30, 59, 48), brand, name, plate=False)


def toothbrush(s: Stage, brand: str, name: str) -> None:
    s.shadow(38, 64, 87)
    s.block((48, 10, 53, 38), mix(s.palette.body, "#ffffff", 0.45), 2)
    for y in (11, 14, 17, 20):
        s.block((43, y, 49, y + 2), mix(s.palette.ink, "#ffffff", 0.5), 0.6)
    s.block((42, 35, 59, 87), s.palette.body, 6)
    s.disc((46.5, 45, 54.5, 53), s.palette.trim)
    s.gleam((44, 40, 45.8, 83), 0.4)
    s.text(50.5, 64, brand.upper(), 2, width=14)
    s.text(50.5, 69, name, 1.7, width=14)


def shaver(s: Stage, brand: str, name: str) -> None:
    s.shadow(36, 68, 87)
    s.block((37, 12, 65, 28), "#c3c7ca", 3)
    for x in (43, 51, 59):
        s.block((x - 3, 13.5, x + 3, 24), "#7f868b", 1)
    s.shape([(38, 27), (64, 27), (60, 40), (42, 40)], mix(s.palette.body, "#000000", 0.25))
    s.block((39, 37, 63, 87), s.palette.body, 7)
    s.disc((47, 46, 55, 54), s.palette.trim)
    s.gleam((41.5, 42, 43.5, 82), 0.3)
    s.label((42, 58, 61, 76), brand, name, plate=False)


def juicer(s: Stage, brand: str, name: str) -> None:
    s.shadow(22, 84, 87)
    s.block((38, 12, 58, 26), mix(s.palette.trim, "#ffffff", 0.3), 2)
    s.block((32, 25, 64, 48), mix(s.palette.trim, "#ffffff", 0.55), 4)
    s.block((30, 46, 66, 87), s.palette.body, 4)
    s.block((64, 42, 74, 47), mix(s.palette.trim, "#ffffff", 0.55), 1)
    s.shape([(69, 60), (85, 60), (83, 87), (71, 87)], "#ffffff")
    s.shape([(70, 69), (84.3, 69), (83, 86), (71, 86)], "#f2a23a")
    s.gleam((34, 28, 36.5, 84), 0.35)
    s.label((34, 54, 63, 76), brand, name, plate=False)


def toaster(s: Stage, brand: str, name: str) -> None:
    s.shadow(16, 86, 86)
    for x in (27, 53):
        s.block((x, 24, x + 20, 52), "#d79b56", 6)
        s.block((x + 1.6, 25.6, x + 18.4, 52), "#f1cf9a", 5)
    s.block((16, 42, 84, 83), s.palette.body, 11)
    s.block((22, 40, 78, 45), s.palette.ink, 2)
    s.block((20, 82, 30, 86), s.palette.ink, 1)
    s.block((70, 82, 80, 86), s.palette.ink, 1)
    s.block((81, 52, 88, 57), s.palette.trim, 1.5)
    s.disc((70, 64, 79, 73), s.palette.trim)
    s.gleam((24, 48, 76, 50), 0.35)
    s.label((24, 53, 66, 77), brand, name, plate=False)


def _garment(s: Stage, *, sleeves: float, hem: float = 86) -> None:
    """Body and sleeves of what is worn above; sleeves end at height `sleeves`."""
    dark = mix(s.palette.body, "#000000", 0.1)
    s.shadow(26, 78, 91)
    reach = 12 if sleeves > 60 else 18
    s.shape([(36, 20), (28, 25), (reach, sleeves - 2), (reach + 9, sleeves + 1), (36, 46)], dark)
    s.shape([(64, 20), (72, 25), (100 - reach, sleeves - 2), (100 - reach - 9, sleeves + 1), (64, 46)], dark)
    s.shape(
        [(41, 17), (59, 17), (72, 24), (68, 40), (68, hem), (32, hem), (32, 40), (28, 24)], s.palette.body
    )
