"""Man pages of every command, from the definitions that --help prints, and from tools/packaging/manual.txt."""

import json
import re
import textwrap
import time

from tool import ROOT, Failure, run

PARTS = ROOT / "tools/packaging/manual.txt"
ESCAPES = {"\\": r"\e", "-": r"\-", "~": r"\(ti", "^": r"\(ha", "`": r"\(ga", "'": r"\(aq"}


def roff(text):
    """Text in which nothing is a request or an escape."""
    text = "".join(ESCAPES.get(letter, letter) for letter in text)
    return r"\&" + text if text.startswith(".") else text


def flowing(text):
    lines = textwrap.wrap(text, 110, break_on_hyphens=False, break_long_words=False)
    # Names with an underscore are no words to hyphenate.
    return [re.sub(r"(?<!\S)(?=\S*_)", r"\\%", roff(line)) for line in lines]


def paragraphs(text):
    """Paragraphs flow; lines that are set in stay as they are."""
    lines = []
    for number, part in enumerate(text.strip("\n").split("\n\n")):
        lines += [".PP"] * (number > 0)
        if part.startswith("  "):
            lines += [".RS 4", ".EX", *map(roff, textwrap.dedent(part).split("\n")), ".EE", ".RE"]
        else:
            lines += flowing(" ".join(part.split()))
    return lines


def listed(entries):
    """(what, text) pairs, where `what` is roff already."""
    return [line for what, text in entries for line in (".TP", what, *flowing(text))]


def read_parts():
    """What manual.txt adds: {page: {section: text}}."""
    pages = {}
    for part in re.split(r"^# ", PARTS.read_text(), flags=re.MULTILINE)[1:]:
        title, *sections = re.split(r"^## ", part, flags=re.MULTILINE)
        pages[title.strip()] = dict(section.split("\n", 1) for section in sections)
    return pages


def shown(things):
    return [thing for thing in things or [] if thing["shouldDisplay"] and thing.get("commandName") != "help"]


def names(argument):
    return [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument.get("names", [])]


def option(argument):
    value = rf" \fI{roff(argument['valueName'])}\fR"
    words = ", ".join(rf"\fB{roff(name)}\fR" for name in names(argument)) or value.strip()
    if argument["kind"] == "option":
        words += value
    said = [f"{word}: {value}" for word, value in (
        ("values", ", ".join(argument.get("allValues", []))), ("default", argument.get("defaultValue"))) if value]
    return words, argument.get("abstract", "") + (f" ({'; '.join(said)})" if said else "")


def options(command):
    lines = []
    arguments = shown(command["arguments"])
    titles = dict.fromkeys(argument.get("sectionTitle") for argument in arguments)
    for title in sorted(titles, key=lambda title: title is not None):
        lines += [f".SS {roff(title)}"] if title else []
        lines += listed(option(argument) for argument in arguments if argument.get("sectionTitle") == title)
    return lines


def synopsis(program, path):
    """The usage that --help begins with."""
    text = run(program, *path, "--help").split("USAGE: ", 1)[1].split("\n\n", 1)[0]
    return [line for number, usage in enumerate(text.split("\n"))
            for line in [".br"] * (number > 0) + flowing(usage.strip())]


def page(program, path, command, added, others, epoch, version):
    title = " ".join(["mixtape", *path])
    dashed = title.replace(" ", "-")
    abstract = command["abstract"].rstrip(".")
    lines = [
        f'.TH {roff(dashed.upper())} 1 {time.strftime("%Y-%m-%d", time.gmtime(epoch))} "mixtape {version}" "User Commands"',
        ".ad l", ".SH NAME", rf"{roff(dashed)} \- {roff(abstract[0].lower() + abstract[1:])}",
        ".SH SYNOPSIS", *synopsis(program, path),
    ]
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", *paragraphs(command["discussion"])]
    below = shown(command.get("subcommands"))
    if below:
        lines += [".SH COMMANDS", *listed(
            (rf"\fB{roff(title)} {roff(each['commandName'])}\fR", each["abstract"]) for each in below)]
    lines += [".SH OPTIONS", *options(command)]
    for section, text in added.items():
        lines.append(f".SH {section}")
        if section == "EXAMPLES":
            lines += paragraphs(text)
        else:
            entries = [" ".join(part.split()).split(": ", 1) for part in text.strip().split("\n\n")]
            lines += listed((roff(what), said[0].upper() + said[1:]) for what, said in entries)
    also = ", ".join(rf"\%\fB{roff(other)}\fR(1)" for other in others if other != dashed)
    return "\n".join([*lines, ".SH SEE ALSO", also, ""])


def check_examples(path, command, added, all_commands):
    title = " ".join(["mixtape", *path])
    text = added.get("EXAMPLES", "")
    if title not in text and not command.get("subcommands"):
        raise Failure(f"{PARTS}: no example of {title}")
    for words in re.findall(r"\bmixtape ([^|\n]*)", "\n".join(re.findall(r"^    .*", text, flags=re.MULTILINE))):
        named = words.split()
        found = max((known for known in all_commands if named[:len(known)] == list(known)), key=len, default=())
        known = {name for argument in all_commands[found]["arguments"] for name in names(argument)}
        default = all_commands[found].get("defaultSubcommand")
        if default:
            known |= {name for argument in all_commands[(*found, default)]["arguments"] for name in names(argument)}
        for word in named:
            if word.startswith("--") and word.split("=")[0] not in known:
                raise Failure(f"{PARTS}: mixtape {' '.join(found)} has no option {word}")


def pages(program, epoch, version):
    """{name: text} of all pages, such as mixtape-search.1."""
    commands = {}

    def walk(path, command):
        commands[path] = command
        for below in shown(command.get("subcommands")):
            walk((*path, below["commandName"]), below)

    walk((), json.loads(run(program, "--experimental-dump-help"))["command"])
    parts = read_parts()
    unknown = set(parts) - {" ".join(["mixtape", *path]) for path in commands}
    if unknown:
        raise Failure(f"{PARTS}: there is no command {', '.join(sorted(unknown))}")
    made = {}
    for path, command in commands.items():
        title = " ".join(["mixtape", *path])
        added = parts.get(title, {})
        check_examples(path, command, added, commands)
        # The pages above, beside and below.
        near = [other for other in commands if other == () or other[:len(other) - 1] in (path, path[:-1])]
        others = ["-".join(["mixtape", *other]) for other in near]
        made[title.replace(" ", "-") + ".1"] = page(program, path, command, added, others, epoch, version)
    return made
