import ArgumentParser

/// Looks at the words that should name commands, since the parser takes a misspelt one for an argument of another.
enum CommandNames {
    /// What is wrong with them, and what was meant perhaps; nil where nothing is.
    static func problem(_ arguments: [String]) -> CommandError? {
        var configuration = Mixtape.configuration
        var path = "mixtape"
        for word in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
            var known: [CommandConfiguration] = []
            for command in configuration.subcommands { known.append(command.configuration) }
            if word.hasPrefix("-") || known.isEmpty { return nil }
            if let next = known.first(where: { $0.commandName == word }) {
                configuration = next
                path += " " + word
                continue
            }
            let names = known.filter(\.shouldDisplay).compactMap(\.commandName)
            let meant = closest(to: word, among: names)
            let named = (path.split(separator: " ").dropFirst() + [word[...]]).joined(separator: " ")
            return CommandError(
                message: "there is no command \"\(Terminal.printable(named))\"",
                hint: (meant.map { "did you mean `\(path) \($0)`? " } ?? "")
                    + "`\(path) --help` lists the commands")
        }
        return nil
    }

    /// The name that it takes the fewest changed letters to get to; nil where that makes it another word.
    static func closest(to word: String, among names: [String]) -> String? {
        let beginning = names.filter { word.count >= 3 && $0.hasPrefix(word) }
        if beginning.count == 1 { return beginning[0] }
        let ranked = names.map { (name: $0, distance: distance(Array(word), Array($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, best.name.count / 3)
        else { return nil }
        return best.name
    }

    /// Letters to insert, remove, replace or swap with their neighbour.
    private static func distance(_ first: [Character], _ second: [Character]) -> Int {
        var rows = [Array(0...second.count)]
        for i in first.indices {
            var row = [i + 1]
            for j in second.indices {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (first[i] == second[j] ? 0 : 1))
                if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[first.count][second.count]
    }
}
