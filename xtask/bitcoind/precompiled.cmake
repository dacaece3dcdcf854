# Most of the time of a build goes to headers that nearly every file includes. Here they are compiled once for each library.
# Bitcoin Core's own files stay as they are: cmake reads this one at `project(BitcoinCore)`, before there is a library, so
# the work is put off until the libraries are there.

function(precompile)
  set(standard
    <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <filesystem> <fstream> <functional> <ios>
    <list> <map> <memory> <mutex> <optional> <ranges> <set> <span> <sstream> <stdexcept> <string> <string_view> <thread>
    <tuple> <unordered_map> <unordered_set> <utility> <variant> <vector>)
  set(shared
    serialize.h streams.h tinyformat.h uint256.h
    primitives/block.h primitives/transaction.h script/script.h
    util/check.h util/fs.h util/strencodings.h util/string.h util/time.h)
  set(node
    chain.h coins.h logging.h net.h net_processing.h sync.h txmempool.h validation.h
    node/blockstorage.h node/context.h rpc/server.h rpc/util.h util/translation.h)
  list(TRANSFORM shared PREPEND ${CMAKE_SOURCE_DIR}/src/)
  list(TRANSFORM node PREPEND ${CMAKE_SOURCE_DIR}/src/)
  list(APPEND shared ${CMAKE_SOURCE_DIR}/src/univalue/include/univalue.h)
  target_precompile_headers(bitcoin_util PRIVATE ${standard})
  target_precompile_headers(bitcoin_common PRIVATE ${standard} ${shared})
  target_precompile_headers(bitcoin_node PRIVATE ${standard} ${shared} ${node})
endfunction()

cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL precompile)
