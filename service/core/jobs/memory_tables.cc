#include "service/core/jobs/memory_tables.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

absl::Status NoSuchModel(absl::string_view digest) {
  return absl::NotFoundError(absl::StrCat("no model ", digest));
}

}  // namespace

void MemoryOutbox::Post(const std::string& job_id, const Deliveries& deliveries,
                        absl::Time now) {
  for (const Delivery& delivery : deliveries) {
    OutboxEntry entry;
    entry.id = ++last_id_;
    entry.job_id = job_id;
    entry.kind = delivery.kind;
    entry.payload = delivery.payload;
    entry.due = now;
    entries_[entry.id] = std::move(entry);
  }
}

std::vector<OutboxEntry> MemoryOutbox::Due(int limit, absl::Time now) const {
  std::vector<OutboxEntry> due;
  for (const auto& [id, entry] : entries_) {
    if (entry.due <= now) due.push_back(entry);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](auto& a, auto& b) { return a.due < b.due; });
  if (due.size() > static_cast<size_t>(std::max(0, limit))) {
    due.resize(std::max(0, limit));
  }
  return due;
}

std::vector<OutboxEntry> MemoryOutbox::Of(absl::string_view job_id) const {
  std::vector<OutboxEntry> found;
  for (const auto& [id, entry] : entries_) {
    if (entry.job_id == job_id) found.push_back(entry);
  }
  return found;
}

absl::Status MemoryOutbox::Retry(int64_t id, absl::string_view error,
                                 absl::Time due) {
  auto it = entries_.find(id);
  if (it == entries_.end()) {
    return absl::NotFoundError(absl::StrCat("no outbox entry ", id));
  }
  ++it->second.attempts;
  it->second.last_error = std::string(error);
  it->second.due = StoreTime(due);
  return absl::OkStatus();
}

void MemoryOutbox::Forget(absl::string_view job_id) {
  for (const OutboxEntry& entry : Of(job_id)) entries_.erase(entry.id);
}

bool MemoryLocks::TryLock(absl::string_view name, absl::string_view holder,
                          absl::Duration ttl, absl::Time now) {
  auto [it, made] = held_.try_emplace(std::string(name));
  Held& held = it->second;
  if (!made && held.holder != holder && held.until > now) return false;
  held = {std::string(holder), StoreTime(now + ttl)};
  return true;
}

void MemoryModels::Put(const ModelRecord& record, absl::Time now) {
  for (auto& [digest, other] : by_digest_) {
    if (other.process_id == record.process_id) other.current = false;
  }
  auto [it, made] = by_digest_.try_emplace(record.digest, record);
  ModelRecord& kept = it->second;
  if (made) {
    const bool unset = record.created == absl::Time();
    kept.created = unset ? now : StoreTime(record.created);
  } else {
    kept.process_id = record.process_id;
    kept.model = record.model;
    kept.artifact_path = record.artifact_path;
  }
  kept.current = true;
}

absl::StatusOr<ModelRecord> MemoryModels::Get(absl::string_view digest) const {
  auto it = by_digest_.find(digest);
  if (it == by_digest_.end()) return NoSuchModel(digest);
  return it->second;
}

std::vector<ModelRecord> MemoryModels::Current() const {
  std::vector<ModelRecord> records;
  for (const auto& [digest, record] : by_digest_) {
    if (record.current) records.push_back(record);
  }
  std::sort(records.begin(), records.end(),
            [](auto& a, auto& b) { return a.process_id < b.process_id; });
  return records;
}

absl::Status MemoryModels::SetProbe(absl::string_view digest,
                                    absl::string_view pool,
                                    const ModelProbe& probe) {
  auto it = by_digest_.find(digest);
  if (it == by_digest_.end()) return NoSuchModel(digest);
  it->second.probe = probe;
  it->second.pool = std::string(pool);
  return absl::OkStatus();
}

absl::Status MemoryModels::Retire(absl::string_view process_id) {
  bool retired = false;
  for (auto& [digest, record] : by_digest_) {
    if (!record.current || record.process_id != process_id) continue;
    record.current = false;
    retired = true;
  }
  if (retired) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("no process \"", process_id, "\" is served"));
}

}  // namespace pushbroom
