#ifndef MIXTAPE_CCOMMIT_COMMIT_H
#define MIXTAPE_CCOMMIT_COMMIT_H

/// The commit that this program was packaged from, as 40 hexadecimal digits; "" for a program that was only built.
const char *mixtape_commit(void);

#endif
