#!/bin/sh
# Keeps the pass it is in as a file of the feedback folder: encode, encode again, decode.
# The input is that of the pass.
folder=$3
if [ ! -e "${folder}number" ]; then sed 's/encode //' "$1" > "${folder}number"; fi
number=$(cat "${folder}number")
read -r said
pass=$(cat "${folder}pass" 2>/dev/null || echo 1)
echo $((pass + 1)) > "${folder}pass"
echo "pass $pass: $said" >> "${folder}judgemessage.txt"
case $pass in
1)
    case $said in *[!a-z]* | "") exit 43 ;; esac
    echo "$said" > "${folder}said"
    echo "encode $number" > "${folder}nextpass.in"
    exit 42
    ;;
2)
    [ "$said" = "$(cat "${folder}said")" ] || exit 43
    echo "decode $said" > "${folder}nextpass.in"
    exit 42
    ;;
*)
    [ "$said" = "$number" ] || exit 43
    exit 42
    ;;
esac
