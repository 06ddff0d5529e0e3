"""Silhouettes of what comes in a vessel: bottles, jars, tubes, tins, bags and boxes."""

from __future__ import annotations

from catalog.demo.stage import Stage, mix


def dropper(s: Stage, brand: str, name: str) -> None:
    s.shadow(34, 68, 85)
    s.block((36, 44, 64, 85), s.palette.body, 4)
    s.block((43, 36, 57, 45), s.palette.trim, 1)
    s.block((45.5, 18, 54.5, 37), mix(s.palette.trim, "#000000", 0.15), 4)
    s.gleam((38.5, 48, 41, 81))
    s.label((41, 53, 62, 76), brand, name)


def pump(s: Stage, brand: str, name: str) -> None:
    s.shadow(33, 69, 85)
    s.block((48.5, 20, 51.5, 34), s.palette.trim, 0.5)
    s.block((38, 17, 55, 22), s.palette.trim, 2)
    s.block((43, 31, 57, 38), mix(s.palette.trim, "#000000", 0.12), 1)
    s.block((34, 37, 66, 85), s.palette.body, 6)
    s.gleam((36.5, 43, 39, 80))
    s.label((40, 49, 64, 75), brand, name)


def jar(s: Stage, brand: str, name: str) -> None:
    s.shadow(26, 76, 85)
    s.block((27, 38, 73, 53), s.palette.trim, 3)
    s.block((25, 51, 75, 85), s.palette.body, 6)
    s.gleam((28, 56, 31, 80))
    s.gleam((29, 40, 71, 42), 0.3)
    s.label((34, 57, 70, 79), brand, name)


def tube(s: Stage, brand: str, name: str) -> None:
    s.shadow(38, 64, 85)
    s.shape([(35, 18), (65, 18), (61, 73), (39, 73)], s.palette.body)
    s.block((34.5, 14, 65.5, 19), mix(s.palette.body, "#000000", 0.12), 0.8)
    s.block((40, 72, 60, 85), s.palette.trim, 2)
    s.gleam((39.5, 22, 42, 68), 0.3)
    s.label((42, 30, 61, 58), brand, name, plate=False)


def lipstick(s: Stage, brand: str, name: str) -> None:
    s.shadow(35, 72, 85)
    s.shape([(38, 42), (38, 29), (50, 19), (50, 42)], "#b4273a")
    s.block((36.5, 40, 51.5, 56), mix(s.palette.trim, "#ffffff", 0.25), 0.6)
    s.block((34, 54, 54, 85), s.palette.ink, 1.2)
    s.block((57, 47, 75, 85), s.palette.ink, 1.2)
    s.gleam((36, 57, 38, 83), 0.25)
    s.gleam((59, 50, 61, 83), 0.25)
    s.text(44, 69, brand.upper(), 2.2, width=17, fill=s.palette.trim)
    s.text(66, 66, name, 2, width=15, fill=s.palette.trim)


def compact(s: Stage, brand: str, name: str) -> None:
    s.shadow(22, 80, 85)
    s.disc((27, 14, 73, 60), s.palette.trim)
    s.disc((30, 17, 70, 57), mix(s.palette.sky, "#ffffff", 0.6))
    s.shape([(37, 27), (49, 19), (41, 46)], "#ffffff")
    s.block((22, 59, 78, 85), s.palette.body, 6)
    s.gleam((26, 61, 74, 63), 0.35)
    s.label((30, 65, 70, 82), brand, name)


def palette(s: Stage, brand: str, name: str) -> None:
    s.shadow(18, 84, 85)
    s.block((18, 22, 82, 60), s.palette.trim, 3)
    for number, shade in enumerate(("#c99f86", "#8b5a4a", "#e2c1b4", "#5f4250")):
        s.block((22 + 14.4 * number, 28, 34.4 + 14.4 * number, 54), shade, 2)
        s.gleam((23.5 + 14.4 * number, 30, 25 + 14.4 * number, 50), 0.2)
    s.block((18, 60, 82, 85), s.palette.body, 3)
    s.label((30, 63, 70, 82), brand, name, plate=False)


def sachet(s: Stage, brand: str, name: str) -> None:
    s.shadow(28, 76, 86)
    s.shape([(36, 20), (76, 24), (72, 84), (33, 82)], mix(s.palette.body, "#000000", 0.12))
    s.block((27, 18, 67, 85), s.palette.body, 1.5)
    s.block((27, 18, 67, 22), s.palette.trim, 1)
    s.disc((37, 27, 57, 52), mix(s.palette.body, "#ffffff", 0.55))
    for x in (43, 51):
        s.disc((x - 2.4, 36, x + 2.4, 38.4), s.palette.body)
    s.disc((44, 45, 50, 47.4), s.palette.body)
    s.label((30, 58, 64, 81), brand, name)


def flask(s: Stage, brand: str, name: str) -> None:
    s.shadow(28, 74, 85)
    s.block((42, 17, 58, 33), s.palette.trim, 1.5)
    s.block((44, 32, 56, 38), mix(s.palette.trim, "#ffffff", 0.35), 0.5)
    s.block((28, 37, 72, 85), mix(s.palette.body, "#ffffff", 0.35), 4)
    s.block((31, 50, 69, 82), s.palette.body, 3)
    s.gleam((31, 40, 34, 80), 0.4)
    s.label((37, 55, 65, 77), brand, name)


def spray(s: Stage, brand: str, name: str) -> None:
    s.shadow(37, 65, 85)
    s.block((43, 18, 57, 36), s.palette.trim, 2)
    s.block((38, 35, 62, 85), s.palette.body, 4)
    s.gleam((40, 40, 42, 80))
    s.label((43, 48, 61, 76), brand, name, plate=False)


def pills(s: Stage, brand: str, name: str) -> None:
    s.shadow(30, 74, 85)
    s.block((34, 18, 66, 33), s.palette.trim, 2)
    for x in range(36, 65, 3):
        s.line([(x, 20), (x, 31)], mix(s.palette.trim, "#000000", 0.14), 0.5)
    s.block((30, 32, 70, 85), s.palette.body, 6)
    s.block((30, 46, 70, 78), mix(s.palette.body, "#fffdf8", 0.88), 0)
    s.gleam((33, 36, 35.5, 82), 0.3)
    s.label((32, 47, 68, 77), brand, name, plate=False)


def tin(s: Stage, brand: str, name: str) -> None:
    s.shadow(26, 78, 86)
    s.block((27, 19, 73, 25), mix(s.palette.trim, "#000000", 0.1), 2)
    s.block((26, 24, 74, 86), s.palette.body, 3)
    s.block((26, 31, 74, 34), s.palette.trim, 0)
    s.block((26, 77, 74, 80), s.palette.trim, 0)
    s.gleam((29, 26, 32.5, 84), 0.3)
    s.label((33, 41, 71, 70), brand, name)


def glass(s: Stage, brand: str, name: str) -> None:
    s.shadow(30, 74, 85)
    s.block((33, 26, 67, 36), s.palette.trim, 2)
    s.block((30, 35, 70, 85), mix(s.palette.body, "#ffffff", 0.55), 7)
    s.block((32, 44, 68, 83), s.palette.body, 6)
    s.gleam((33, 40, 36, 80), 0.45)
    s.label((37, 51, 67, 76), brand, name)


def pouch(s: Stage, brand: str, name: str) -> None:
    s.shadow(30, 74, 86)
    s.block((46, 13, 54, 25), s.palette.trim, 1.5)
    s.shape([(44, 23), (56, 23), (70, 35), (71, 84), (50, 87), (29, 84), (30, 35)], s.palette.body)
    s.shape([(31, 78), (69, 78), (71, 84), (50, 87), (29, 84)], mix(s.palette.body, "#000000", 0.1))
    s.gleam((33, 38, 36, 76), 0.3)
    s.label((36, 42, 65, 72), brand, name)


def box(s: Stage, brand: str, name: str) -> None:
    s.shadow(26, 80, 86)
    s.shape([(70, 26), (79, 20), (79, 80), (70, 86)], mix(s.palette.body, "#000000", 0.22))
    s.shape([(26, 26), (35, 20), (79, 20), (70, 26)], mix(s.palette.body, "#ffffff", 0.4))
    s.shape([(26, 26), (70, 26), (70, 86), (26, 86)], s.palette.body)
    s.shape([(26, 72), (70, 72), (70, 86), (26, 86)], s.palette.trim)
    s.label((29, 34, 67, 64), brand, name)


def wine(s: Stage, brand: str, name: str) -> None:
    s.shadow(38, 66, 87)
    glass_colour = mix(s.palette.body, "#0d1510", 0.55)
    s.block((45.5, 8, 54.5, 40), glass_colour, 1.5)
    s.shape([(45.5, 30), (54.5, 30), (62, 44), (38, 44)], glass_colour)
    s.block((38, 41, 62, 87), glass_colour, 3)
    s.block((45, 7, 55, 21), s.palette.trim, 1)
    s.gleam((40, 46, 41.8, 84), 0.22)
    s.label((38, 52, 62, 77), brand, name)


def bubbles(s: Stage, brand: str, name: str) -> None:
    s.shadow(36, 68, 87)
    glass_colour = mix(s.palette.body, "#10301f", 0.5)
    s.shape([(46, 22), (54, 22), (64, 50), (36, 50)], glass_colour)
    s.block((36, 46, 64, 87), glass_colour, 4)
    s.block((45, 7, 55, 12), mix(s.palette.trim, "#ffffff", 0.3), 2)
    s.shape([(45.5, 11), (54.5, 11), (57.5, 33), (42.5, 33)], s.palette.trim)
    s.gleam((38.5, 52, 40.5, 84), 0.25)
    s.label((36, 57, 64, 79), brand, name)


def decanter(s: Stage, brand: str, name: str) -> None:
    s.shadow(26, 76, 86)
    s.disc((45, 9, 55, 19), s.palette.trim)
    s.block((46, 18, 54, 40), mix("#a4571d", "#ffffff", 0.45), 1)
    s.disc((26, 33, 74, 90), mix("#a4571d", "#ffffff", 0.3))
    s.disc((29, 44, 71, 88), "#a4571d")
    s.gleam((34, 50, 36.5, 74), 0.35)
    s.label((37, 54, 64, 77), brand, name)


def coffee(s: Stage, brand: str, name: str) -> None:
    s.shadow(28, 76, 87)
    s.shape([(33, 20), (67, 20), (71, 30), (72, 86), (28, 86), (29, 30)], s.palette.body)
    s.block((33, 14, 67, 21), mix(s.palette.body, "#000000", 0.15), 0.8)
    s.block((48, 25, 52, 29), s.palette.trim, 2)
    s.gleam((31, 34, 33.5, 83), 0.2)
    s.label((33, 37, 67, 64), brand, name)
    s.disc((44, 68, 56, 82), s.palette.trim)
    s.line([(51.5, 69), (49, 73), (51, 77), (48.5, 81)], s.palette.body, 0.8)
