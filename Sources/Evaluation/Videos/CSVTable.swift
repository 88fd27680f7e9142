/// Comma-separated values (RFC 4180): quoted fields may hold commas, line breaks and doubled quotes.
///
/// Lines end with LF or CRLF, a byte order mark is passed over, and empty lines are no rows.
package struct CSVTable {
    package struct Row {
        /// Of the row's first character, from 1.
        package var line: Int
        package var fields: [String]
    }
    package var rows: [Row] = []

    /// - Parameter path: for messages.
    package init(text: String, path: String) throws(EvaluationError) {
        let quote = UInt8(ascii: "\""), comma = UInt8(ascii: ","), newline = UInt8(ascii: "\n")
        let carriage = UInt8(ascii: "\r")
        var bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var line = 1
        var row = Row(line: 1, fields: [])
        var field: [UInt8] = []
        var isQuoted = false
        var wasQuoted = false
        var position = 0

        func failure(_ problem: String, line: Int) -> EvaluationError {
            .file(
                path: path, line: line, problem: problem,
                hint: "a quote inside a quoted field is written twice")
        }
        func endField() {
            row.fields.append(String(decoding: field, as: UTF8.self))
            field = []
            wasQuoted = false
        }
        func endRow() {
            endField()
            if row.fields != [""] { rows.append(row) }
            row = Row(line: line + 1, fields: [])
        }
        while position < bytes.count {
            let byte = bytes[position]
            let next = position + 1 < bytes.count ? bytes[position + 1] : nil
            position += 1
            if isQuoted {
                if byte == quote, next == quote {
                    field.append(quote)
                    position += 1
                } else if byte == quote {
                    isQuoted = false
                    wasQuoted = true
                } else {
                    if byte == newline { line += 1 }
                    field.append(byte)
                }
            } else if byte == comma {
                endField()
            } else if byte == newline {
                endRow()
                line += 1
            } else if byte == carriage, next == newline || next == nil {
                continue
            } else if byte == quote, field.isEmpty, !wasQuoted {
                isQuoted = true
            } else if wasQuoted || byte == quote {
                throw failure("a quote in the middle of a field", line: line)
            } else {
                field.append(byte)
            }
        }
        guard !isQuoted else { throw failure("a quote is never closed", line: row.line) }
        if !field.isEmpty || !row.fields.isEmpty || wasQuoted { endRow() }
    }
}
