"""Generated kinds with a camera that stands still: the background stays, what moves differs."""

import math
from functools import lru_cache

from alike.drawing import HEIGHT, WIDTH, Film, Picture, colour, generator, texture, times

NOISE = "noise=alls=7:allf=t:all_seed={}"


def grain(seed, kind, number):
    """The noise of a sensor, different in every video."""
    return [NOISE.format(generator(seed, kind, number, "grain").randint(1, 100000))]


@lru_cache(maxsize=2)
def street(seed):
    """A street with houses, seen from above eye level."""
    rng = generator(seed, "cameras")
    picture = texture(rng, WIDTH, HEIGHT, ((96, 104, 92), (150, 150, 140)))
    x = 0
    while x < WIDTH:
        width, top, wall = rng.randint(36, 70), rng.randint(20, 70), colour(rng, 90, 190)
        picture.box(x, top, width - 3, 120 - top, wall)
        for row in range(top + 8, 108, 18):
            for column in range(x + 7, x + width - 12, 15):
                picture.box(column, row, 8, 10, colour(rng, 40, 110))
        x += width
    picture.box(0, 140, WIDTH, 62, (84, 84, 88))
    for mark in range(0, WIDTH, 40):
        picture.box(mark, 170, 20, 3, (220, 220, 210))
    return picture


def walkers(rng, seconds, count):
    """Small things that cross the picture: (appears at, place, height, width, speed, colour)."""
    things = []
    for _ in range(count):
        car = rng.random() < 0.5
        y, size = (rng.choice((148, 178)), (30, 13)) if car else (rng.randint(122, 134), (6, 15))
        speed = rng.choice((-1, 1)) * (rng.uniform(35, 95) if car else rng.uniform(9, 22))
        things.append((rng.uniform(-6, seconds), rng.uniform(0, WIDTH) if not car else None, y, size, speed,
                       colour(rng, 20, 235)))
    return things


def cameras(seed, number):
    """One fixed camera on several days: other passers-by, other light."""
    rng = generator(seed, "cameras", number)
    seconds = rng.uniform(9, 13)
    day, drift = [rng.uniform(0.7, 1.15) for _ in range(3)], rng.uniform(-0.12, 0.12)
    level = sum(day) / 3
    day = [0.8 * level + 0.2 * part for part in day]
    things = walkers(rng, seconds, rng.randint(5, 9))

    def pictures():
        lit, background = None, None
        for now in times(seconds):
            step = round((1 + drift * now / seconds) * 50) / 50
            if step != lit:
                lit, background = step, street(seed).lit([part * step for part in day])
            picture = background.copy()
            for start, place, y, (width, height), speed, shade in things:
                origin = place if place is not None else (-width if speed > 0 else WIDTH)
                x = origin + speed * (now - start)
                if now >= start:
                    picture.box(x, y, width, height, [min(255, int(part * level)) for part in shade])
            yield picture

    return Film(pictures=pictures(), seconds=seconds, filters=grain(seed, "cameras", number))


@lru_cache(maxsize=2)
def stage(seed, kind):
    """A room: a wall, a floor, and furniture."""
    rng = generator(seed, kind)
    picture = texture(rng, WIDTH, HEIGHT, (colour(rng, 90, 170), colour(rng, 130, 210)), cell=64)
    picture.box(0, 168, WIDTH, 72, colour(rng, 70, 130))
    for _ in range(5):
        width, height = rng.randint(22, 60), rng.randint(25, 80)
        picture.box(rng.randint(0, WIDTH - width), 172 - height, width, height, colour(rng, 50, 190))
    return picture


def figure(picture, x, floor, phase, arm, shirt, size=1.0):
    """A person: head, body, legs that walk with `phase`, an arm lifted by `arm` radians."""
    picture.line(x, floor - 30 * size, x + 10 * size * math.sin(phase), floor, (40, 40, 60), 5)
    picture.line(x, floor - 30 * size, x - 10 * size * math.sin(phase), floor, (40, 40, 60), 5)
    picture.box(x - 8 * size, floor - 64 * size, 16 * size, 36 * size, shirt)
    picture.line(x, floor - 58 * size, x + 26 * size * math.sin(arm), floor - (58 - 26 * math.cos(arm)) * size,
                 (220, 180, 150), 5)
    picture.disc(x, floor - 74 * size, 9 * size, (220, 180, 150))


def takes(seed, number):
    """Several takes of one scene: the same two actors do the same, a little sooner, slower, further left."""
    scene, rng = generator(seed, "takes", "scene"), generator(seed, "takes", number)
    shirts = [colour(scene, 40, 220) for _ in range(2)]
    seconds = rng.uniform(9, 11.5)
    begin, pace = rng.uniform(0.2, 1.8), rng.uniform(0.85, 1.18)
    meet, wave = 160 + rng.uniform(-14, 14), [rng.uniform(2.2, 3.4) for _ in range(2)]
    sway, rate = [rng.uniform(0, 6.3) for _ in range(2)], [rng.uniform(0.6, 1.2) for _ in range(2)]

    def frame(now):
        picture = stage(seed, "takes").copy()
        along = min(1.0, max(0.0, (now - begin) * pace / 3.2))
        after = (now - begin) * pace - 3.2
        for actor in range(2):
            side = -1 if actor == 0 else 1
            x = meet + side * (26 + 120 * (1 - along)) + 2 * math.sin(rate[actor] * now + sway[actor])
            phase = 6 * now * pace if 0 < along < 1 else 0.25 * math.sin(rate[actor] * now)
            lifted = 0.9 + 0.5 * math.sin(wave[actor] * 2 * now + sway[actor]) if 0.4 < after < 3.6 else 0.15
            figure(picture, x, 214, phase, -side * lifted, shirts[actor])
        return picture

    return Film(frame=frame, seconds=seconds, filters=grain(seed, "takes", number))


def wander(rng, count, reach, fastest=0.9):
    """A smooth random motion: sums of slow waves."""
    waves = [(rng.uniform(0.1, fastest), rng.uniform(0, 6.3), rng.uniform(0.4, 1)) for _ in range(count)]
    total = sum(weight for _, _, weight in waves)
    return lambda now: reach * sum(w * math.sin(6.283 * f * now + p) for f, p, w in waves) / total


def heads(seed, number):
    """One person who talks in one room: the mouth and the head move otherwise."""
    look, rng = generator(seed, "heads", "look"), generator(seed, "heads", number)
    skin, hair, shirt = (colour(look, 170, 220)[0], 165, 135), colour(look, 20, 110), colour(look, 40, 200)
    seconds = rng.uniform(8, 12)
    across, down, mouth, eyes = wander(rng, 3, 12), wander(rng, 3, 7), wander(rng, 4, 1, 3.2), rng.uniform(2, 4)

    def frame(now):
        picture = stage(seed, "heads").copy()
        x, y = 160 + across(now), 104 + down(now)
        picture.ellipse(160 + across(now) * 0.3, 236, 92, 66, shirt)
        picture.box(x - 14, y + 40, 28, 36, skin)
        picture.ellipse(x, y - 6, 47, 58, hair)
        picture.ellipse(x, y + 4, 40, 50, skin)
        blink = now % eyes < 0.16
        for side in (-16, 16):
            picture.ellipse(x + side, y - 6, 6, 1.2 if blink else 4, (250, 250, 250))
            picture.disc(x + side + across(now) / 8, y - 6, 1 if blink else 2.4, (30, 30, 30))
        picture.ellipse(x, y + 28, 13, 2 + 8 * max(0.0, mouth(now) + 0.2), (120, 40, 50))
        return picture

    return Film(frame=frame, seconds=seconds, filters=grain(seed, "heads", number))


@lru_cache(maxsize=2)
def pitch(seed):
    rng = generator(seed, "sports")
    picture = texture(rng, WIDTH, HEIGHT, ((46, 110, 52), (70, 140, 70)), cell=30)
    for x, y, width, height in ((14, 20, 292, 2), (14, 218, 292, 2), (14, 20, 2, 200), (304, 20, 2, 200),
                                (159, 20, 2, 200), (14, 80, 40, 2), (14, 158, 40, 2), (54, 80, 2, 80),
                                (266, 80, 40, 2), (266, 158, 40, 2), (264, 80, 2, 80)):
        picture.box(x, y, width, height, (225, 230, 225))
    return picture


def sports(seed, number):
    """One pitch, seen from above: the same two teams, another game."""
    look, rng = generator(seed, "sports", "look"), generator(seed, "sports", number)
    teams = [colour(look, 120, 250), colour(look, 10, 120)]
    seconds = rng.uniform(9, 12)
    players = [(teams[place % 2], rng.uniform(50, 270), rng.uniform(50, 190), wander(rng, 3, 45, 0.3),
                wander(rng, 3, 32, 0.3)) for place in range(14)]
    order = [rng.randrange(14) for _ in range(20)]
    hold = rng.uniform(0.7, 1.2)

    def frame(now):
        picture = pitch(seed).copy()
        places = [(x + across(now), y + down(now)) for _, x, y, across, down in players]
        for (shade, *_), (x, y) in zip(players, places):
            picture.box(x - 3, y - 6, 7, 12, shade)
            picture.box(x - 2, y - 9, 5, 4, (220, 180, 150))
        place, part = divmod(now / hold, 1)
        (x, y), (u, v) = places[order[int(place)]], places[order[int(place) + 1]]
        picture.disc(x + (u - x) * part, y + 6 + (v - y) * part, 2.5, (255, 255, 255))
        return picture

    return Film(frame=frame, seconds=seconds, filters=grain(seed, "sports", number))


def boards(seed, number):
    """One board, seen from above: the same pieces, other moves."""
    look, rng = generator(seed, "boards"), generator(seed, "boards", number)
    dark, light, sides = colour(look, 90, 140), colour(look, 190, 230), [(25, 25, 25), (245, 245, 240)]
    pieces = [[place % 8, place // 8 if place < 16 else 4 + place // 8, int(place >= 16)] for place in range(32)]
    hold, seconds, moves = rng.uniform(0.9, 1.5), rng.uniform(9, 13), []
    taken = {(x, y) for x, y, _ in pieces}
    for turn in range(16):
        piece = rng.choice([place for place in range(32) if pieces[place][2] == turn % 2])
        free = [(x, y) for x in range(8) for y in range(8) if (x, y) not in taken]
        moves.append((piece, rng.choice(free)))
        taken.discard(tuple(pieces[piece][:2]))
        taken.add(moves[-1][1])
        old, pieces[piece] = pieces[piece], [*moves[-1][1], turn % 2]
        moves[-1] = (piece, tuple(old[:2]), moves[-1][1])
    start = {}
    for piece, source, _ in moves:
        start.setdefault(piece, source)

    def pictures():
        at = [start.get(place, tuple(pieces[place][:2])) for place in range(32)]
        empty = Picture(fill=(110, 80, 55))
        for x in range(8):
            for y in range(8):
                empty.box(46 + 28 * x, 8 + 28 * y, 28, 28, dark if (x + y) % 2 else light)
        for now in times(seconds):
            turn, part = divmod(now / hold, 1)
            for piece, _, target in moves[:int(turn)]:
                at[piece] = target
            picture = empty.copy()
            for piece, (x, y) in enumerate(at):
                if int(turn) < len(moves) and moves[int(turn)][0] == piece:
                    u, v = moves[int(turn)][2]
                    share = min(1, part * 2.5)
                    x, y = x + (u - x) * share, y + (v - y) * share
                picture.disc(60 + 28 * x, 22 + 28 * y, 9, sides[pieces[piece][2]])
            yield picture

    return Film(pictures=pictures(), seconds=seconds)


def whiteboards(seed, number):
    """A marker that writes other things on one whiteboard."""
    look, rng = generator(seed, "whiteboards"), generator(seed, "whiteboards", number)
    ink, seconds, speed = colour(look, 10, 120), rng.uniform(8, 12), rng.uniform(2.2, 4)
    points, x, y = [], 36.0, 44.0
    while y < 200:
        points.append((x + rng.uniform(-3, 3), y + rng.uniform(-11, 11)))
        x += rng.uniform(3, 8)
        if x > 285 - rng.uniform(0, 120):
            points.append(None)
            x, y = 36.0, y + 32
        elif rng.random() < 0.15:
            points.append(None)
            x += 8

    def pictures():
        board, done = Picture(fill=(238, 240, 240)), 0.0
        board.box(0, 0, WIDTH, 10, (150, 150, 155))
        board.box(0, 222, WIDTH, 18, (150, 150, 155))
        for _ in times(seconds):
            target = min(len(points) - 1, done + speed)
            for place in range(int(done), int(target)):
                if points[place] and points[place + 1]:
                    board.line(*points[place], *points[place + 1], ink, 2)
            done, picture = target, board.copy()
            x, y = points[int(done)] or points[int(done) - 1] or (36, 44)
            picture.line(x, y, x + 16, y + 22, (60, 60, 70), 6)
            picture.line(x + 18, y + 24, x + 70, HEIGHT + 30, (215, 170, 140), 24)
            yield picture

    return Film(pictures=pictures(), seconds=seconds)
