# Run as a script: writes the C++ source OUTPUT that defines milan::FUNCTION() with the content of
# FILES (names relative to FOLDER).
#   cmake -DFOLDER=web -DFILES="index.html;style.css" -DFUNCTION=PageFiles -DOUTPUT=page_files.cc
#     -P EmbedFiles.cmake
# Hexadecimal escapes, because no character of a file can then end the literal or meet a semicolon
# that CMake would take for the end of a list item.
set(source "#include \"milan/report/page.h\"\n\n#include <array>\n\n")
string(APPEND source "namespace milan {\nnamespace {\n\n")
set(table "")
set(count 0)
foreach(name IN LISTS FILES)
  file(READ "${FOLDER}/${name}" content HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" content "${content}")
  string(APPEND source "constexpr char kFile${count}[] = \"${content}\";\n")
  string(APPEND table "    PageFile{\"${name}\", {kFile${count}, sizeof(kFile${count}) - 1}},\n")
  math(EXPR count "${count} + 1")
endforeach()
string(APPEND source "\nconstexpr std::array kPageFiles = {\n${table}};\n\n}  // namespace\n\n"
  "std::span<const PageFile> ${FUNCTION}() { return kPageFiles; }\n\n}  // namespace milan\n")
file(WRITE "${OUTPUT}" "${source}")
