use proptest::prelude::*;

use super::*;

const SUBJECT: &str = "jobs.contest.any.default.s1.1";

fn job(source: Source) -> Job {
    let JobSubject { lane, pool, judging } = JobSubject::parse(SUBJECT).unwrap();
    let submission = Submission {
        id: judging.submission,
        tenant: judging.tenant,
        generation: judging.generation,
        problem: "aplusb@ab12".parse().unwrap(),
        language: "cpp17".parse().unwrap(),
        source,
    };
    Job { submission, lane, pool }
}

#[track_caller]
fn refused(content_type: Option<&str>, body: &[u8], expected: &str) {
    let error = decode_job(SUBJECT, content_type, body).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn the_json_form_is_the_one_of_the_contract() {
    let bytes = encode_job(&job(Source::Inline(b"int main(){}".to_vec())), Form::Json).unwrap();
    let golden = r#"{"schema":"minos.job/1","problem":"aplusb@ab12","language":"cpp17","source":"int main(){}"}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), golden);
}

#[test]
fn the_binary_form_never_changes_a_byte() {
    let inline = encode_job(&job(Source::Inline(b"x;".to_vec())), Form::Binary).unwrap();
    assert_eq!(
        hex::encode(&inline),
        "010b61706c757362406162313205637070313700 02783b".replace(' ', "")
    );
    let digest = Digest::from_bytes([0xab; 32]);
    let stored = encode_job(&job(Source::Stored(digest)), Form::Binary).unwrap();
    let golden = format!("010b61706c757362406162313205637070313701{}", "ab".repeat(32));
    assert_eq!(hex::encode(&stored), golden);
    assert_eq!(decode_job(SUBJECT, Some(JOB_BINARY), &stored), Ok(job(Source::Stored(digest))));
}

#[test]
fn a_foreign_client_may_add_fields_and_parameters_and_leave_the_header_out() {
    let body = br#"{"schema":"minos.job/1","problem":"aplusb@AB12","language":"cpp17",
        "source":"\u0442","contest":17}"#;
    let expected = job(Source::Inline("т".as_bytes().to_vec()));
    for content_type in [None, Some("application/json"), Some("Application/JSON; charset=utf-8")] {
        assert_eq!(decode_job(SUBJECT, content_type, body).as_ref(), Ok(&expected));
    }
}

#[test]
fn a_bad_message_is_refused_with_the_field_that_is_wrong() {
    let digest = "0".repeat(64);
    let both = format!(
        r#"{{"schema":"minos.job/1","problem":"a","language":"c","source":"","source_digest":"{digest}"}}"#
    );
    for (body, expected) in [
        ("", "EOF"),
        ("[]", "invalid length 0"),
        ("{}", "schema: expected `minos.job/1`"),
        (r#"{"schema":"other/1"}"#, "schema: expected"),
        (r#"{"schema":"minos.job/1","problem":"a","source":""}"#, "missing field `language`"),
        (r#"{"schema":"minos.job/1","problem":7,"language":"c","source":""}"#, "problem"),
        (
            r#"{"schema":"minos.job/1","problem":"../a","language":"c","source":""}"#,
            "problem: `../a`",
        ),
        (r#"{"schema":"minos.job/1","problem":"a","language":"c c","source":""}"#, "language: "),
        (r#"{"schema":"minos.job/1","problem":"a","language":"c"}"#, "source: missing"),
        (
            r#"{"schema":"minos.job/1","problem":"a","language":"c","source_digest":"ab"}"#,
            "source_digest: ",
        ),
        (&both, "not both"),
        (r#"{"schema":"minos.job/1","problem":"a","language":"c","source":""} x"#, "trailing"),
        (r#"{"schema":"minos.job/2"}"#, "`minos.job/2` is unknown here"),
    ] {
        refused(None, body.as_bytes(), expected);
    }
    refused(Some("text/xml"), b"", "content type `text/xml` is unknown here");
    let error = decode_job("jobs.contest.any.default.a!.1", None, b"{}").unwrap_err();
    assert!(matches!(error, Undecodable::Subject { .. }), "{error:?}");
}

#[test]
fn a_source_may_be_as_large_as_the_bound_and_no_larger() {
    for form in [Form::Json, Form::Binary] {
        let largest = job(Source::Inline(vec![b'a'; MAX_SOURCE]));
        let bytes = encode_job(&largest, form).unwrap();
        assert_eq!(decode_job(SUBJECT, Some(form.content_type()), &bytes), Ok(largest));
        let larger = job(Source::Inline(vec![b'a'; MAX_SOURCE + 1]));
        let error = encode_job(&larger, form).unwrap_err();
        assert!(error.to_string().contains("more than 262144"), "{error}");
    }
}

#[test]
fn a_hostile_length_prefix_is_refused_before_it_is_believed() {
    // Version, then a string of 2^40 bytes: believing it would abort the whole process.
    let body = [&[1, 253][..], &(1_u64 << 40).to_le_bytes()].concat();
    refused(Some(JOB_BINARY), &body, "binary form");
    let mut source = encode_job(&job(Source::Inline(Vec::new())), Form::Binary).unwrap();
    source.pop();
    source.push(253);
    source.extend((1_u64 << 62).to_le_bytes());
    refused(Some(JOB_BINARY), &source, "binary form");
}

#[test]
fn bytes_behind_the_binary_form_and_other_versions_are_refused() {
    let mut bytes = encode_job(&job(Source::Inline(b"x".to_vec())), Form::Binary).unwrap();
    bytes.push(0);
    refused(Some(JOB_BINARY), &bytes, "1 bytes too many");
    refused(Some(JOB_BINARY), &[], "empty");
    refused(Some(JOB_BINARY), &[2, 0], "binary version `2` is unknown here");
}

proptest! {
    #[test]
    fn both_forms_decode_to_the_same_job(text in "\\PC{0,400}") {
        let job = job(Source::Inline(text.into_bytes()));
        for form in [Form::Json, Form::Binary] {
            let bytes = encode_job(&job, form).unwrap();
            prop_assert_eq!(decode_job(SUBJECT, Some(form.content_type()), &bytes), Ok(job.clone()));
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for content_type in [None, Some(JOB_BINARY)] {
            // Either answer is fine; coming back is the property.
            drop(decode_job(SUBJECT, content_type, &bytes));
        }
    }
}
