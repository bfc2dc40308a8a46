//! Clicking through the window without a window.
