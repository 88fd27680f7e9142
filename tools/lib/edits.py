"""Edits that people make before they post a video of others: panels, insets, bars, captions, turned pictures. Made with ffmpeg."""

from functools import partial
from pathlib import Path

from alterations import EVEN_SIZE
from tool import Failure, in_parallel, table
from videos import ENCODING, ffmpeg, find_videos, seeded_order

# All pictures are brought to this size first, so that panels have the same shape.
SIZE = "fps=12,scale=320:240,setsar=1"
OTHERS = ";".join(f"[{n}:v]{SIZE},loop=-1:1200:0,setpts=N/12/TB[o{n}]" for n in (1, 2, 3))
WORDS = "drawtext=fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf:fontcolor=white:fontsize"


def others(count, graph):
    """A graph of the video, [v], and of `count` other videos, [o1] and so on, which repeat for as long as the video lasts."""
    return ";".join([f"[0:v]{SIZE}[v]", *OTHERS.split(";")[:count], graph])


def discs(places):
    """A disc of 14 % of the height at each (x, y) in shares of the picture."""
    return ",".join(f"{WORDS}=h/4:fontcolor=yellow:text=●:x=w*{x}:y=h*{y}" for x, y in places)


# Edit → (what it does, other videos that it needs, filter graph with the output [out]).
EDITS = {
    "stacked": ("above another video", 1, others(1, "[v][o1]vstack=shortest=1[out]")),
    "beside": ("beside another video", 1, others(1, "[o1][v]hstack=shortest=1[out]")),
    "four": ("one of four panels", 3, others(
        3, "[o1][v]hstack=shortest=1[a];[o2][o3]hstack=shortest=1[b];[a][b]vstack=shortest=1[out]")),
    "half-inset": ("in half the width of another video, in a corner", 1, others(
        1, "[o1]scale=640:480[b];[b][v]overlay=x=300:y=20:shortest=1[out]")),
    "60-inset": ("in 60 % of the width of another video", 1, others(
        1, "[o1]scale=532:400[b];[b][v]overlay=x=(W-w)/2:y=(H-h)/2:shortest=1[out]")),
    "portrait-bars": ("portrait, above its own blurred enlargement", 0,
                      "[0:v]scale=-2:360,setsar=1,split[a][b];[a]scale=360:640:force_original_aspect_ratio=increase,"
                      "crop=360:640,gblur=sigma=14[bg];[b]scale=360:-2[fg];[bg][fg]overlay=0:(H-h)/2[out]"),
    "portrait-cut": ("the middle, cut to 9:16", 0,
                     "[0:v]scale=-2:360,setsar=1,crop=trunc(ih*9/32)*2:ih,scale=202:360[out]"),
    "captions": ("captions over the lowest quarter", 0,
                 f"[0:v]{SIZE},drawbox=x=0:y=ih*0.75:w=iw:h=ih*0.25:color=black@0.85:t=fill,"
                 f"{WORDS}=h/11:text='so this really happened':x=w*0.05:y=h*0.78,"
                 f"{WORDS}=h/11:text='wait for it at the end':x=w*0.05:y=h*0.89[out]"),
    "stickers": ("a frame, and discs over the picture", 0,
                 f"[0:v]{SIZE},drawbox=x=0:y=0:w=iw:h=ih:color=magenta:t=18,"
                 + discs([(0.03, 0.02), (0.75, 0.05), (0.08, 0.6), (0.7, 0.65), (0.4, 0.7)]) + "[out]"),
    "half-3d": ("twice, side by side, each in half the width", 0,
                f"[0:v]{SIZE},scale=160:240,setsar=1,split[a][b];[a][b]hstack[out]"),
    "zoom-sway": ("the middle 1.5 times as large, swaying", 0,
                  f"[0:v]{SIZE},crop=trunc(iw/3)*2:trunc(ih/3)*2:"
                  "(iw-ow)/2*(1+0.6*sin(2*t)):(ih-oh)/2*(1+0.6*cos(1.5*t)),scale=320:240[out]"),
    "quarter-turn": ("turned by 90°", 0, f"[0:v]{SIZE},transpose=1[out]"),
    "half-turn": ("turned by 180°", 0, f"[0:v]{SIZE},hflip,vflip[out]"),
    "three-quarter-turn": ("turned by 270°", 0, f"[0:v]{SIZE},transpose=2[out]"),
    "inverted": ("inverted brightness and colours", 0, f"[0:v]{EVEN_SIZE},negate[out]"),
    "tilted": ("turned by 20°", 0, f"[0:v]{SIZE},rotate=20*PI/180[out]"),
    "blended": ("half and half with another video", 1, others(
        1, "[o1][v]blend=all_mode=average:shortest=1[out]")),
}


# What tells in a match by which view of the query it was found.
VIEW = ("query_region", "query_turned", "query_inverted")


def make_edit(source, target, edit, strangers):
    """Writes the edited copy. `strangers` are as many other videos as there are in the edit, or more."""
    _, count, graph = EDITS[edit]
    inputs = [word for path in [source, *strangers[:count]] for word in ("-i", path)]
    ffmpeg(target, inputs, ["-filter_complex", graph, "-map", "[out]", "-t", "30", *ENCODING, "-crf", "24"])


def make_edits(originals, folder, strangers, seed, jobs, edits=EDITS):
    """Edits every original; the other videos are taken from the folder `strangers`.

    Returns (copy, original, edit) of each.
    """
    found = find_videos(strangers)
    if len(found) < 3:
        raise Failure(f"{strangers}: fewer than three videos to set beside the copies")
    made, tasks = [], []
    for edit in edits:
        for original in originals:
            target = folder / edit / (original.name + ".mp4")
            order = sorted(found, key=lambda name: seeded_order(seed, f"{edit}:{original.name}:{name}"))
            tasks.append(partial(make_edit, original, target, edit, [strangers / name for name in order[:3]]))
            made.append((target, original, edit))
    in_parallel(tasks, jobs, "edits")
    return made


def ask_edits(service, made, sources, concurrency):
    """Edit → counts over its copies: found first, above the threshold, with a wrong video above it, milliseconds of each.

    Videos of the original's source are neither right nor wrong. A copy whose original is None has nothing to be found.
    """
    counts, errors = {}, []
    requests = ((number, {"video": str(copy), "limit": 20}) for number, (copy, _, _) in enumerate(made))
    for number, reply in service.searches(requests, concurrency):
        copy, original, edit = made[number]
        row = counts.setdefault(edit, {"queries": 0, "first": 0, "above": 0, "wrong": [], "views": 0, "ms": [],
                                       "missed": []})
        row["queries"] += 1
        if "error" in reply:
            errors.append({"copy": str(copy), "error": reply["error"]})
            continue
        result = reply["result"]
        row["ms"].append(result["elapsed_ms"])
        own = original and sources.get(original.name, original.name)
        matches = [match for match in result["matches"]
                   if match["path"] == str(original) or sources.get(Path(match["path"]).name) != own]
        row["wrong"] += [[copy.name, Path(match["path"]).name, match["score"], [match.get(name) for name in VIEW]]
                         for match in matches if match["shares_footage"] and match["path"] != str(original)]
        row["views"] += any(name in match for match in matches for name in VIEW)
        first = bool(matches) and matches[0]["path"] == str(original)
        row["first"] += first
        above = any(match["path"] == str(original) and match["shares_footage"] for match in matches)
        row["above"] += above
        if not above:
            row["missed"].append(copy.name)
    return counts, errors


def edits_table(counts):
    rows = []
    for edit, row in counts.items():
        timed = sorted(row["ms"])
        rows.append([edit, row["queries"], f"{row['first'] / row['queries']:.3f}", f"{row['above'] / row['queries']:.3f}",
                     len(row["wrong"]), f"{timed[len(timed) // 2]}" if timed else "–"])
    return table(["edit", "queries", "recall@1", "above the threshold", "wrong above", "median ms"], rows)
