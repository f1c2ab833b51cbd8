// SPDX-License-Identifier: GPL-2.0-only
/* By Boost.Histogram, on an axis of equal ratios. */
#include <array>
#include <boost/histogram.hpp>
#include <cmath>
#include <new>

#include "bench_record.h"

namespace bh = boost::histogram;

namespace {

constexpr double SHORTEST = 1, LONGEST = 1e11;
/* ln(LONGEST / SHORTEST) / ln(1 + RECORD_PRECISION), rounded up */
constexpr unsigned BINS = 2546;

using times = bh::axis::regular<double, bh::axis::transform::log, bh::axis::null_type>;
using counts = bh::storage_adaptor<std::array<std::uint64_t, BINS + 2>>;
using histogram = bh::histogram<std::tuple<times>, counts>;

} // namespace

struct record {
	histogram all;
	std::uint64_t count;
	std::uint64_t longest;
};

size_t record_size(void)
{
	return sizeof(record);
}

record *record_begin(void *memory)
{
	return new (memory) record {
		{ std::make_tuple(times(BINS, SHORTEST, LONGEST)), counts() }, 0, 0
	};
}

void record_add(record *record, uint64_t ns)
{
	record->all(static_cast<double>(ns));
	record->count++;
	if (ns > record->longest)
		record->longest = ns;
}

void record_merge(record *record, const struct record *other)
{
	record->all += other->all;
	record->count += other->count;
	if (other->longest > record->longest)
		record->longest = other->longest;
}

uint64_t record_count(const record *record)
{
	return record->count;
}

double record_max(const record *record)
{
	return record->count ? record->longest : -1;
}

double record_quantile(const record *record, double q)
{
	const double beyond = (1 - q) * record->count;
	const auto &axis = record->all.axis();
	std::uint64_t seen = 0;

	/* 0.999 is no binary number: 10,000 such leave a little less than 10. */
	if (beyond < RECORD_BEYOND - 1e-6)
		return -1;
	/* From the bin below SHORTEST to the one above LONGEST. */
	for (int i = -1; i <= axis.size(); i++) {
		seen += record->all.at(i);
		if (record->count - seen <= beyond + 1e-6)
			return std::fmin(axis.bin(i).upper(), record->longest);
	}
	return record->longest;
}
