"""The parts of tools/break/faults.

`inject.c` is the layer that lets calls go wrong, `bench` runs the program behind it; `index_commands`, `folder_commands` and
`search_command` say what a command starts from and what must be true after it, `trial` puts one fault to one of them.
"""
