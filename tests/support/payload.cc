#include "tests/support/payload.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace sluice::test {

std::uint64_t Stream::next() {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void Stream::fill(char* to, std::size_t n) {
  for (; n > 0 && left_ > 0; --n, --left_, word_ >>= 8) *to++ = static_cast<char>(word_ & 0xff);
  for (; n >= sizeof word_; n -= sizeof word_, to += sizeof word_) {
    const std::uint64_t word = next();
    std::memcpy(to, &word, sizeof word);
  }
  if (n == 0) return;
  word_ = next();
  left_ = sizeof word_;
  for (; n > 0; --n, --left_, word_ >>= 8) *to++ = static_cast<char>(word_ & 0xff);
}

std::string stream_bytes(std::uint64_t seed, std::size_t n) {
  std::string bytes(n, '\0');
  Stream(seed).fill(bytes.data(), n);
  return bytes;
}

struct Sha256::Context {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(digest); }
};

Sha256::Sha256() : context_(std::make_shared<Context>()) {
  if (EVP_DigestInit_ex(context_->digest, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("no SHA-256 in this libcrypto");
}

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context_->digest, sum.data(), &size);
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[sum[i] >> 4];
    text += kDigits[sum[i] & 15];
  }
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.hex();
}

std::string sha256_of_stream(std::uint64_t seed, std::uint64_t n) {
  Stream stream(seed);
  Sha256 sum;
  std::vector<char> chunk(64 << 10);
  while (n > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(n, chunk.size()));
    stream.fill(chunk.data(), size);
    sum.add({chunk.data(), size});
    n -= size;
  }
  return sum.hex();
}

}  // namespace sluice::test
