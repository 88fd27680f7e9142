"""Generated kinds that are mostly text: the frame stays, the words differ."""

from alike.drawing import HEIGHT, RATE, WIDTH, Film, Picture, Text, colour, generator, words

SIZE = "480x270"


def hexadecimal(value):
    return "0x" + "".join(f"{part:02x}" for part in value)


def slides(seed, number):
    """Lectures on one slide template."""
    look, rng = generator(seed, "slides"), generator(seed, "slides", number)
    bar, foot = hexadecimal(colour(look, 20, 150)), hexadecimal(colour(look, 170, 230))
    count, each = rng.randint(3, 5), rng.uniform(2.3, 3.2)
    filters = [f"drawbox=0:0:iw:48:color={bar}:t=fill", f"drawbox=0:255:iw:15:color={foot}:t=fill",
               Text("Department of Applied Studies", "fontsize=9:fontcolor=black:x=12:y=258")]
    for slide in range(count):
        when = f"enable='between(t,{slide * each:.2f},{(slide + 1) * each - 0.02:.2f})'"
        bullets = "\n\n".join("- " + words(rng, rng.randint(3, 7)) for _ in range(rng.randint(3, 5)))
        filters += [Text(words(rng, 3).title(), f"fontsize=21:fontcolor=white:x=20:y=14:{when}"),
                    Text(bullets, f"fontsize=13:fontcolor=0x222222:x=34:y=70:{when}")]
    return Film(source=f"color=white:s={SIZE}:r={RATE}", seconds=count * each, filters=filters)


def page(rng, lines, columns):
    text = []
    for _ in range(lines):
        line = words(rng, columns // 6)[:columns]
        text.append(line if rng.random() < 0.85 else line[:columns // 3])
    return "\n".join(text)


def documents(seed, number):
    """Documents that scroll in the window of one editor."""
    look, rng = generator(seed, "documents"), generator(seed, "documents", number)
    bar = hexadecimal(colour(look, 20, 150))
    speed, start = rng.uniform(8, 22), rng.randint(30, 60)
    filters = [
        Text(page(rng, 48, 62), f"fontsize=10:fontcolor=black:x=92:y={start}-{speed:.1f}*t"),
        f"drawbox=0:0:iw:26:color={bar}:t=fill", "drawbox=0:26:70:ih:color=0xe6e6e6:t=fill",
        Text("File  Edit  View  Insert  Format  Help", "fontsize=10:fontcolor=white:x=10:y=8"),
        Text("Chapters\n\nNotes\n\nSources\n\nFigures", "fontsize=10:fontcolor=0x444444:x=8:y=40"),
    ]
    return Film(source=f"color=white:s={SIZE}:r={RATE}", seconds=rng.uniform(8, 12), filters=filters)


def terminals(seed, number):
    """Log lines that run through one terminal."""
    rng = generator(seed, "terminals", number)
    step = rng.uniform(0.25, 0.5)
    levels = ("info", "info", "warn", "debug")
    lines = "\n".join(
        f"[{rng.choice(levels)}] {words(rng, 2)}: {rng.randint(0, 9999)} {words(rng, rng.randint(1, 4))}"
        for _ in range(70))
    filters = [Text(lines, f"fontsize=11:fontcolor=0x9fd69f:x=8:y=24-13*floor(t/{step:.2f})"),
               "drawbox=0:0:iw:20:color=0x3a3a3a:t=fill", Text("build@server", "fontsize=11:fontcolor=white:x=200:y=4")]
    return Film(source=f"color=0x101418:s={SIZE}:r={RATE}", seconds=rng.uniform(8, 11), filters=filters)


def chats(seed, number):
    """Messages that come in, in the window of one chat program."""
    look, rng = generator(seed, "chats"), generator(seed, "chats", number)
    back, mine, theirs = colour(look, 200, 240), colour(look, 150, 220), (255, 255, 255)
    seconds, times, time = rng.uniform(9, 12), [], -3.0
    while time < 12:
        times.append(time)
        time += rng.uniform(0.5, 2.0)
    messages = [(rng.random() < 0.5, words(rng, rng.randint(1, 5))) for _ in times]
    step, bottom = 30, HEIGHT - 34

    def frame(now):
        shown = sum(time <= now for time in times)
        picture = Picture(fill=back)
        for place in range(shown):
            right, text = messages[place]
            width = 14 + 7 * len(text)
            picture.box(WIDTH - 10 - width if right else 10, bottom - step * (shown - 1 - place) - 5, width, 23,
                        mine if right else theirs)
        return picture

    def after(place):
        later = "+".join(f"gte(t,{time:.3f})" for time in times[place + 1:]) or "0"
        return f"'{bottom}-{step}*({later})'"

    filters = [
        Text(text, f"fontsize=12:fontcolor=black:x={WIDTH - 3 - (14 + 7 * len(text)) if right else 17}:y={after(place)}"
                   f":enable='gte(t,{times[place]:.3f})'")
        for place, (right, text) in enumerate(messages)]
    filters += ["drawbox=0:0:iw:28:color=0x4a6a8a:t=fill", Text("Family", "fontsize=14:fontcolor=white:x=44:y=7"),
                "drawbox=10:6:18:18:color=0xd0b080:t=fill"]
    return Film(frame=frame, seconds=seconds, filters=filters)


def charts(seed, number):
    """Bars that grow and change, on the axes of one chart."""
    look, rng = generator(seed, "charts"), generator(seed, "charts", number)
    bars, shade = 8, [colour(look, 40, 200) for _ in range(8)]
    seconds = rng.uniform(8, 11)
    states = [[0.02] * bars] + [[rng.uniform(0.05, 1) for _ in range(bars)] for _ in range(7)]
    hold = rng.uniform(1.4, 2.2)

    def frame(now):
        place, part = divmod(now / hold, 1)
        old, new = states[int(place)], states[min(int(place) + 1, len(states) - 1)]
        picture = Picture()
        for line in range(5):
            picture.box(34, 30 + 42 * line, 270, 1, (215, 215, 215))
        for bar in range(bars):
            height = 166 * (old[bar] + (new[bar] - old[bar]) * min(1, part * 2))
            picture.box(44 + 32 * bar, 198 - height, 22, height, shade[bar])
        picture.box(34, 198, 270, 2, (0, 0, 0))
        return picture

    labels = [Text("Sales by region", "fontsize=13:fontcolor=black:x=110:y=6")]
    labels += [Text(name, f"fontsize=10:fontcolor=black:x={47 + 32 * place}:y=206")
               for place, name in enumerate(("N", "NE", "E", "SE", "S", "SW", "W", "NW"))]
    return Film(frame=frame, seconds=seconds, filters=labels)
