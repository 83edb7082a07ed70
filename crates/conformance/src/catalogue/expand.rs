//! What an entry of the catalogue becomes: a row of the table, or a `#[test]` of a transport.

#[doc(hidden)]
#[macro_export]
macro_rules! __expand_cases {
    (tests ($subject:expr) $(
        $id:literal $level:ident $module:ident $name:ident
        given $given:literal when $when:literal then $then:literal why $why:literal fix $fix:literal;
    )+) => {
        $(#[test]
        fn $name() {
            $crate::run($id, &$subject);
        })+
    };
    (table () $(
        $id:literal $level:ident $module:ident $name:ident
        given $given:literal when $when:literal then $then:literal why $why:literal fix $fix:literal;
    )+) => {
        &[$(Case {
            id: $id,
            name: stringify!($name),
            level: Level::$level,
            explanation: Explanation { given: $given, when: $when, then: $then, why: $why, fix: $fix },
            run: |world| Box::pin(functions::$module::$name(world)),
        },)+]
    };
}
