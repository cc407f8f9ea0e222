// Whether SQLite's write-ahead log is whole, which SQLite itself does not say.
//
// When it opens a log, SQLite takes it up to the last commit before the first frame whose checksum
// is wrong, and forgets the rest: right after a crash that tore a commit that nobody was told of,
// and wrong if the disk has changed a byte of what had been promised. The two look different as
// long as a log only grows until it is cut to nothing: then a crash of the process leaves half a
// frame at the end at most, and never a whole one that is wrong.
//
// The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
#pragma once

#include <span>
#include <string>

namespace sluice::registry::sqlite {

// False: the log at `path` has a frame that SQLite will not take, so what was written last may be
// lost. A power cut can do that, too. True also if there is no log. A log that was cut off looks
// whole. Throws StoreError if it cannot be read.
bool is_log_whole(const std::string& path);

// The same for a log in memory; pure.
bool is_log_whole(std::span<const unsigned char> log);

}  // namespace sluice::registry::sqlite
