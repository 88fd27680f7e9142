"""Generated kinds where the whole picture moves, and drawings on an empty ground."""

import math
from functools import lru_cache

from alike.drawing import HEIGHT, WIDTH, Film, Picture, Text, colour, generator, texture, words
from alike.fixed import grain, wander


@lru_cache(maxsize=2)
def land(seed):
    """A large piece of land from above: woods, fields, houses, roads."""
    rng = generator(seed, "drones")
    picture = texture(rng, 900, 700, ((58, 92, 48), (150, 140, 96)), cell=90, octaves=4)
    for _ in range(5):
        picture.line(rng.randint(0, 900), 0, rng.randint(0, 900), 700, (150, 146, 138), 9)
        picture.line(0, rng.randint(0, 700), 900, rng.randint(0, 700), (150, 146, 138), 7)
    for _ in range(160):
        picture.box(rng.randint(0, 890), rng.randint(0, 690), rng.randint(8, 22), rng.randint(8, 18),
                    rng.choice(((150, 70, 55), (120, 110, 105), (180, 175, 165), (90, 60, 50))))
    for _ in range(260):
        picture.disc(rng.randint(0, 900), rng.randint(0, 700), rng.uniform(3, 8), (34, rng.randint(60, 90), 32))
    return picture


def drones(seed, number):
    """Flights over one piece of land, on other ways."""
    rng = generator(seed, "drones", number)
    seconds = rng.uniform(9, 13)
    x, y, angle, speed = rng.uniform(60, 520), rng.uniform(60, 400), rng.uniform(0, 6.3), rng.uniform(10, 26)
    sway, lift = wander(rng, 2, 12, 0.15), wander(rng, 2, 12, 0.15)
    cars = [(rng.uniform(0, 900), rng.uniform(0, 700), rng.uniform(-20, 20), rng.uniform(-14, 14), colour(rng))
            for _ in range(30)]

    def frame(now):
        left = min(900 - WIDTH, max(0, int(x + speed * now * math.cos(angle) + sway(now))))
        top = min(700 - HEIGHT, max(0, int(y + speed * now * math.sin(angle) + lift(now))))
        picture = land(seed).cut(left, top, WIDTH, HEIGHT)
        for u, v, across, down, shade in cars:
            picture.box(u + across * now - left, v + down * now - top, 7, 5, shade)
        return picture

    return Film(frame=frame, seconds=seconds, filters=grain(seed, "drones", number))


@lru_cache(maxsize=2)
def level(seed):
    """The level of a game: sky, ground, ledges, as a long picture, and the heights of its ground."""
    rng = generator(seed, "games")
    picture = Picture(2400, HEIGHT, (120, 180, 235))
    heights = []
    for tile in range(150):
        heights.append(rng.choice((0, 0, 16, 32)) if tile % 5 == 0 else heights[-1])
        picture.box(16 * tile, 200 - heights[-1], 16, 60, (110, 74, 44))
        picture.box(16 * tile, 200 - heights[-1], 16, 5, (70, 160, 60))
        if rng.random() < 0.2:
            picture.box(16 * tile, rng.choice((96, 112, 128)), 48, 10, (190, 120, 60))
        if rng.random() < 0.1:
            picture.ellipse(16 * tile, rng.randint(30, 70), 24, 9, (245, 248, 252))
    return picture, heights


def games(seed, number):
    """One level of one game, played otherwise each time."""
    rng = generator(seed, "games", number)
    seconds, run = rng.uniform(9, 12), rng.uniform(62, 78)
    jumps = sorted(rng.uniform(0.3, 12) for _ in range(rng.randint(6, 11)))
    foes = [(rng.uniform(150, 1200), rng.uniform(-28, -8), rng.choice(((200, 60, 60), (130, 60, 170))))
            for _ in range(9)]
    shift, lives = wander(rng, 3, 30, 0.25), rng.randint(1, 4)

    picture_of_level, heights = level(seed)

    def frame(now):
        left = int(run * now)
        picture = picture_of_level.cut(left, 0, WIDTH, HEIGHT)
        x = 110 + shift(now)
        ground = 200 - heights[int((left + x) // 16)]
        air = max((math.sin(math.pi * (now - jump) / 0.8) for jump in jumps if 0 < now - jump < 0.8), default=0)
        picture.box(x - 6, ground - 24 - 62 * air, 13, 17, (40, 60, 200))
        picture.box(x - 5, ground - 34 - 62 * air, 11, 10, (235, 190, 150))
        picture.box(x - 6 + 4 * math.sin(14 * now), ground - 7 - 62 * air, 13, 7, (60, 40, 30))
        for place, speed, shade in foes:
            at = place + speed * now - left
            picture.box(at, 200 - heights[int(max(0, at + left) // 16) % 150] - 14, 14, 14, shade)
        picture.box(0, 0, WIDTH, 18, (20, 20, 30))
        for life in range(lives):
            picture.box(8 + 14 * life, 4, 10, 10, (220, 50, 60))
        picture.box(120, 5, 80, 8, (80, 80, 80))
        picture.box(120, 5, 80 - 5 * now, 8, (240, 200, 60))
        return picture

    return Film(frame=frame, seconds=seconds)


# Angles of a body's joints over time: (middle, reach, rate, phase) per joint, for each motion.
MOTIONS = {
    "walk": {"arms": (0.0, 0.6, 1.0), "elbows": (0.3, 0.1, 1.0), "legs": (0.0, 0.5, 1.0), "knees": (0.3, 0.3, 1.0)},
    "jump": {"arms": (1.6, 1.3, 0.9), "elbows": (0.1, 0.1, 0.9), "legs": (0.2, 0.2, 0.9), "knees": (0.3, 0.3, 0.9)},
    "wave": {"arms": (2.2, 0.5, 1.3), "elbows": (0.5, 0.5, 1.3), "legs": (0.1, 0.05, 0.4), "knees": (0.1, 0.05, 0.4)},
    "squat": {"arms": (1.2, 0.3, 0.6), "elbows": (0.2, 0.2, 0.6), "legs": (0.6, 0.6, 0.6), "knees": (0.9, 0.9, 0.6)},
}


def limb(picture, x, y, first, second, length, shade):
    u, v = x + length * math.sin(first), y + length * math.cos(first)
    picture.line(x, y, u, v, shade, 4)
    picture.line(u, v, u + length * math.sin(second), v + length * math.cos(second), shade, 4)


def skeletons(seed, number):
    """Motion capture: one stick figure on white, which does variants of four motions."""
    rng = generator(seed, "skeletons", number)
    motion = MOTIONS[list(MOTIONS)[number % len(MOTIONS)]]
    seconds, pace, size = rng.uniform(8, 11), rng.uniform(0.8, 1.25), rng.uniform(0.92, 1.08)
    drift, phase = rng.uniform(-10, 10), rng.uniform(0, 6.3)
    vary = {name: (wander(rng, 2, 0.2, 0.5), rng.uniform(0.8, 1.2), rng.uniform(-0.4, 0.4)) for name in motion}

    def frame(now):
        picture, angles = Picture(), {}
        for name, (middle, reach, rate) in motion.items():
            wobble, factor, late = vary[name]
            wave = math.sin(6.283 * rate * pace * now + phase + late)
            angles[name] = (middle + reach * factor * wave + wobble(now),
                            middle + reach * factor * (-wave if rate == 1.0 else wave) + wobble(now + 3))
        x, y = 160 + drift * (now - seconds / 2), 78 + 8 * abs(angles["knees"][0])
        shade = (30, 60, 160)
        for side in (0, 1):
            sign = 1 if side else -1
            arm, elbow = sign * angles["arms"][side], sign * angles["elbows"][side]
            leg, knee = sign * angles["legs"][side], sign * angles["knees"][side]
            limb(picture, x, y + 8, arm, arm + elbow, 27 * size, (190, 60, 50) if side else shade)
            limb(picture, x, y + 62 * size, leg, leg - knee, 36 * size, (190, 60, 50) if side else shade)
        picture.line(x, y, x, y + 62 * size, shade, 4)
        picture.disc(x, y - 12 * size, 11 * size, shade)
        picture.box(20, 226, 280, 2, (170, 170, 170))
        return picture

    return Film(frame=frame, seconds=seconds)


OPENING_SECONDS = 4


def swarm(rng, count):
    return [(wander(rng, 3, 110, 0.35), wander(rng, 3, 80, 0.35), rng.uniform(8, 30), colour(rng, 20, 250))
            for _ in range(count)]


def openings(seed, number):
    """Episodes of one series: the first four seconds are the same, what follows differs."""
    series, rng = generator(seed, "openings"), generator(seed, "openings", number)
    title, logo = words(series, 2).title(), swarm(series, 7)
    ground = texture(series, WIDTH, HEIGHT, (colour(series, 20, 120), colour(series, 90, 220)), cell=80, octaves=2)
    seconds = OPENING_SECONDS + rng.uniform(5, 9)
    cuts = [(rng.uniform(2, 4), texture(rng, WIDTH, HEIGHT, (colour(rng), colour(rng)), cell=64, octaves=2),
             swarm(rng, rng.randint(3, 7))) for _ in range(5)]

    def frame(now):
        scene, things, clock = ground, logo, now
        if now >= OPENING_SECONDS:
            clock = now - OPENING_SECONDS
            for length, scene, things in cuts:
                if clock < length:
                    break
                clock -= length
        picture = scene.copy()
        for across, down, radius, shade in things:
            picture.disc(160 + across(clock), 120 + down(clock), radius, shade)
        return picture

    return Film(frame=frame, seconds=seconds, filters=[
        Text(title, f"fontsize=30:fontcolor=white:x=(w-tw)/2:y=100:enable='lt(t,{OPENING_SECONDS - 0.01})'")])


def loops(seed, number):
    """Animated loops in one style: discs that go round, with other numbers, rates and ways."""
    look, rng = generator(seed, "loops"), generator(seed, "loops", number)
    ground, shades = colour(look, 15, 60), [colour(look, 120, 250) for _ in range(4)]
    seconds, period = rng.uniform(8, 10), rng.uniform(1.6, 3.2)
    rings = [(rng.randint(2, 9), rng.uniform(25, 105), rng.choice((-2, -1, 1, 2)), rng.choice((0, 1, 2, 3)),
              rng.uniform(5, 13), rng.choice(shades)) for _ in range(3)]

    def frame(now):
        turn, picture = 6.283 * (now % period) / period, Picture(fill=ground)
        for count, far, way, petals, radius, shade in rings:
            for place in range(count):
                angle = way * turn + 6.283 * place / count
                reach = far * (1 + 0.3 * math.sin(petals * angle + turn))
                picture.disc(160 + reach * math.cos(angle), 120 + reach * math.sin(angle), radius, shade)
        return picture

    return Film(frame=frame, seconds=seconds)
