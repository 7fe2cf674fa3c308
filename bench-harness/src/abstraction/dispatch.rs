//! `dispatch`: the same method through trait objects in boxes, through generics, and through an enum.
//!
//! The guide's "Best Practices": "avoid unnecessary boxing and trait objects". Generic code needs all elements to be of one
//! type; the enum shows what is left to do when they are not. All variants get the same squares, so the branch predictor
//! sees the same thing and the difference is the call and the pointer.

/// Elements per call.
pub const COUNT: usize = 1000;

/// Something with an area, in square units.
pub trait Shape {
    /// The area.
    fn area(&self) -> u64;
}

/// A square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Square(
    /// The side.
    pub u32,
);

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

impl Shape for Square {
    fn area(&self) -> u64 {
        u64::from(self.0) * u64::from(self.0)
    }
}

impl Shape for Rectangle {
    fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Every shape there is, without a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyShape {
    /// A square.
    Square(Square),
    /// A rectangle.
    Rectangle(Rectangle),
}

impl Shape for AnyShape {
    fn area(&self) -> u64 {
        match self {
            Self::Square(square) => square.area(),
            Self::Rectangle(rectangle) => rectangle.area(),
        }
    }
}

/// The total area by virtual calls on boxed shapes.
pub fn naive(shapes: &[Box<dyn Shape>]) -> u64 {
    shapes.iter().fold(0, |total, shape| total.wrapping_add(shape.area()))
}

/// The total area of shapes of one type, known at compile time.
pub fn optimized(shapes: &[Square]) -> u64 {
    total_area(shapes)
}

/// The total area of shapes of several types, told apart by the enum's discriminant.
pub fn enumerated(shapes: &[AnyShape]) -> u64 {
    total_area(shapes)
}

/// The total area of any one type of shape.
pub fn total_area<S: Shape>(shapes: &[S]) -> u64 {
    shapes.iter().fold(0, |total, shape| total.wrapping_add(shape.area()))
}

/// Squares with the given sides, boxed as trait objects.
pub fn boxed(sides: &[u32]) -> Vec<Box<dyn Shape>> {
    sides.iter().map(|side| Box::new(Square(*side)) as Box<dyn Shape>).collect()
}

/// Squares with the given sides.
pub fn squares(sides: &[u32]) -> Vec<Square> {
    sides.iter().map(|side| Square(*side)).collect()
}

/// Squares with the given sides, as the enum.
pub fn any_shapes(sides: &[u32]) -> Vec<AnyShape> {
    sides.iter().map(|side| AnyShape::Square(Square(*side))).collect()
}
