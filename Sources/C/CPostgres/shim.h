// The functions of libpq that are used, declared here rather than taken from libpq-dev, which nobody should have to
// install who keeps the index in a folder. libpq's binary interface (libpq.so.5) has been the same since 2005; its
// enumerations are declared as the integers that they are.
#ifndef MIXTAPE_CPOSTGRES_SHIM_H
#define MIXTAPE_CPOSTGRES_SHIM_H

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

typedef struct {
    char *keyword, *envvar, *compiled, *val, *label, *dispchar;
    int dispsize;
} PQconninfoOption;

typedef void (*PQnoticeProcessor)(void *argument, const char *message);

PQconninfoOption *PQconninfoParse(const char *conninfo, char **errmsg);
void PQconninfoFree(PQconninfoOption *options);
void PQfreemem(void *pointer);

PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand_dbname);
void PQfinish(PGconn *conn);
int PQstatus(const PGconn *conn);  // ConnStatusType; 0 is CONNECTION_OK
int PQserverVersion(const PGconn *conn);  // such as 160004
char *PQerrorMessage(const PGconn *conn);
PQnoticeProcessor PQsetNoticeProcessor(PGconn *conn, PQnoticeProcessor processor, void *argument);

PGresult *PQexecParams(
    PGconn *conn, const char *command, int count, const unsigned int *types, const char *const *values,
    const int *lengths, const int *formats, int result_format);
PGresult *PQexec(PGconn *conn, const char *query);

int PQresultStatus(const PGresult *result);  // ExecStatusType; 1 is PGRES_COMMAND_OK, 2 is PGRES_TUPLES_OK
char *PQresultErrorField(const PGresult *result, int field);
int PQntuples(const PGresult *result);
int PQnfields(const PGresult *result);
char *PQgetvalue(const PGresult *result, int row, int column);
int PQgetlength(const PGresult *result, int row, int column);
int PQgetisnull(const PGresult *result, int row, int column);
char *PQcmdTuples(PGresult *result);
void PQclear(PGresult *result);

#endif
